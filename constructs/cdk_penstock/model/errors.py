"""The base class of every error that penstock raises on purpose, and the tree of these errors.

An error has a separate class only if somebody catches it, or if users can import it from a public package::

    PenstockError
        AddressPlanError
        ApplicationNameError
        ApplicationPropsError
        ArchiveBucketError
        ArgumentError
        AwsServiceError
        CheckoutError
        ClusterError
        ContentError
        ControlError
            ApplicationMissingError
            BusyError
            GrafanaRefusedError
            KeyUnusableError
            LimitReachedError
            MissingPermissionError
            NotSteadyError
            OperationFailedError
            ReadBackError
            SdkTooOldError
            SearchRefusedError
            SnapshotNotPossibleError
            UnavailableError
                GrafanaUnavailableError
                SearchUnavailableError
                    SearchNameError
            WindowConflictError
            WorkspaceMissingError
            WrongStateError
        DashboardError
        DashboardWorkspaceError
        DeliveryError
        EncryptionError
        EventError
        ExecutionPolicyError
        GrafanaNameError
        GrantError
        KafkaError
        KeyPlanError
        KeyPrincipalError
        KeyRefusedError
        KinesisError
        LocalPipelineError
            ClientSettingError
            InputFileError
            JobError
            MissingProgramError
            PackageError
            PortInUseError
            ProcessDiedError
            RestError
            StartTimeoutError
            VerificationError
        MetricsWorkspaceError
        NetworkError
        PackagingError
        PolicyDocumentError
        PriceError
        PrometheusFileError
        PromqlError
        PropertyError
        SearchDomainError
        SizingError
        StreamError
        UnknownRuntimeError
        UsageError
"""

from __future__ import annotations

__all__ = ("PenstockError",)


class PenstockError(Exception):
    """A mistake that the caller can correct; the message says what was got, what was expected, and the fix."""
