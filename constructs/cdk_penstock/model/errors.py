"""The base class of every error that penstock raises on purpose, and the tree of these errors.

An error has a separate class only if somebody catches it, or if users can import it from a public package::

    PenstockError
        ActFailedError
        ActNotPlayedError
        AddressPlanError
        AdminRequestError
        AlarmError
        ApplicationNameError
        ApplicationPropsError
        ArchiveBucketError
        ArgumentError
        AwsServiceError
        CheckoutError
        ContentError
        ControlError
            ApplicationMissingError
            BusyError
            DashboardUnavailableError
            KeyUnusableError
            MissingPermissionError
            SearchRefusedError
            SnapshotNotPossibleError
            UnavailableError
                SearchUnavailableError
                    SearchNameError
            WorkspaceMissingError
        DashboardError
        DashboardWorkspaceError
        DeliveryError
        DeniedError
        EncryptionError
        ExecutionPolicyError
        GrafanaNameError
        GrantError
        KafkaError
        KeyPrincipalError
        KinesisError
        LocalPipelineError
            ClientSettingError
            InputFileError
            JobError
                InterruptedLaunchError
            MissingProgramError
            PackageError
            PortInUseError
            ProcessDiedError
            RestError
            ScenarioError
            StartTimeoutError
            VerificationError
        MetricsWorkspaceError
        NetworkError
        ObjectStoreError
        PackagingError
        PolicyDocumentError
        PriceError
        PrometheusFileError
        PromqlError
        PropertyError
        RefusedCallError
        RehearsalError
        ResourceFailedError
        ScalingError
        SearchDomainError
        ServiceRefusedError
        SizingError
        StreamError
        UnknownRuntimeError
        UsageError
"""

from __future__ import annotations


class PenstockError(Exception):
    """A mistake that the caller can correct; the message says what was got, what was expected, and the fix."""
