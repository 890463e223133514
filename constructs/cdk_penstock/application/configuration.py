"""Pure translations of an application's properties into those of its template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aws_cdk.aws_kinesisanalyticsv2 import CfnApplication

from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.given_keys import key_of
from cdk_penstock.model.autoscaling import Autoscaling

if TYPE_CHECKING:
    from cdk_penstock.application.props import ApplicationEncryption, FlinkApplicationProps, RunConfiguration
    from cdk_penstock.model.properties import PropertyGroups
    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.model.sizing import Sizing

_MAX_DESCRIPTION_CHARACTERS: Final = 1024
_MIN_CHECKPOINT_INTERVAL_MS: Final = 10
_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

# With ConfigurationType DEFAULT, MSF ignores whatever else the block says.
_CUSTOM = "CUSTOM"


def environment_properties(groups: PropertyGroups) -> list[dict[str, object]]:
    """Return the property groups as the template's PropertyGroups."""
    return [
        {"PropertyGroupId": group, "PropertyMap": dict(entries)} for group, entries in sorted(groups.groups.items())
    ]


def flink_configuration(
    props: FlinkApplicationProps, sizing: Sizing
) -> CfnApplication.FlinkApplicationConfigurationProperty:
    """Return checkpoints, monitoring and parallelism, every value explicit.

    Raises ApplicationPropsError for an interval that Flink refuses when the job starts (Flink, CheckpointConfig).
    """
    interval = props["checkpoint_interval"]
    interval_ms = interval.to_milliseconds()
    if not interval.is_unresolved() and interval_ms < _MIN_CHECKPOINT_INTERVAL_MS:
        raise ApplicationPropsError(
            f"checkpoint_interval must be at least {_MIN_CHECKPOINT_INTERVAL_MS} milliseconds, got {interval_ms:g}"
        )
    return CfnApplication.FlinkApplicationConfigurationProperty(
        checkpoint_configuration=CfnApplication.CheckpointConfigurationProperty(
            configuration_type=_CUSTOM,
            checkpointing_enabled=props["checkpointing_enabled"],
            checkpoint_interval=interval_ms,
            min_pause_between_checkpoints=props["min_pause_between_checkpoints"].to_milliseconds(),
        ),
        monitoring_configuration=CfnApplication.MonitoringConfigurationProperty(
            configuration_type=_CUSTOM, log_level=props["log_level"], metrics_level=props["metrics_level"]
        ),
        parallelism_configuration=CfnApplication.ParallelismConfigurationProperty(
            configuration_type=_CUSTOM,
            parallelism=sizing.parallelism,
            parallelism_per_kpu=sizing.parallelism_per_kpu,
            auto_scaling_enabled=props["auto_scaling_enabled"],
        ),
    )


def autoscaling_of(props: FlinkApplicationProps, sizing: Sizing) -> Autoscaling | None:
    """Return how far MSF scales the application, None where it does not; raise SizingError where nothing holds it."""
    max_parallelism = props.get("max_parallelism")
    if props["auto_scaling_enabled"]:
        return Autoscaling(sizing=sizing, max_parallelism=max_parallelism)
    if max_parallelism is not None:
        sizing.check_max_parallelism(max_parallelism)
    return None


def encryption_configuration(
    encryption: ApplicationEncryption | None, runtime: FlinkRuntime
) -> CfnApplication.ApplicationEncryptionConfigurationProperty | None:
    """Return the key of state at rest, None to leave it as it is."""
    if encryption is None:
        return None
    if encryption.key is None:
        return CfnApplication.ApplicationEncryptionConfigurationProperty(key_type="AWS_OWNED_KEY")
    problem = runtime.problem_with_customer_managed_key
    if problem is not None:
        raise ApplicationPropsError(problem)
    return CfnApplication.ApplicationEncryptionConfigurationProperty(
        key_type="CUSTOMER_MANAGED_KEY", key_id=key_of(encryption.key, ApplicationPropsError).key_arn
    )


def run_configuration(run: RunConfiguration | None) -> CfnApplication.RunConfigurationProperty | None:
    """Return how a running application continues after an update, None for MSF's default."""
    if run is None:
        return None
    return CfnApplication.RunConfigurationProperty(
        application_restore_configuration=CfnApplication.ApplicationRestoreConfigurationProperty(
            application_restore_type=run.restore_mode, snapshot_name=run.snapshot_name
        ),
        flink_run_configuration=CfnApplication.FlinkRunConfigurationProperty(
            allow_non_restored_state=run.allow_non_restored_state
        ),
    )


def application_description(text: str | None) -> str | None:
    """Return the description, or raise ApplicationPropsError where MSF would refuse it."""
    if text is not None and len(text) > _MAX_DESCRIPTION_CHARACTERS:
        raise ApplicationPropsError(
            f"description must be at most {_MAX_DESCRIPTION_CHARACTERS} characters, got {len(text)}"
        )
    return text


def maintenance_configuration(
    start_time: str | None,
) -> CfnApplication.ApplicationMaintenanceConfigurationProperty | None:
    """Return the maintenance window, None for the default of the Region."""
    if start_time is None:
        return None
    if not _TIME_OF_DAY.fullmatch(start_time):
        raise ApplicationPropsError(f"maintenance_window_start_time must be HH:MM in UTC, got {start_time!r}")
    return CfnApplication.ApplicationMaintenanceConfigurationProperty(
        application_maintenance_window_start_time=start_time
    )
