"""Warnings about properties that MSF takes, and that cost more or last longer than they seem to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations

from cdk_penstock.model.metrics.metrics_level import MetricsLevel

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_penstock.application.props import FlinkApplicationProps
    from cdk_penstock.model.properties import PropertyGroups

COSTLY_METRICS_WARNING: Final = "penstock:metricsPerSubtask"
IN_THE_OPEN_WARNING: Final = "penstock:secretInPropertyGroup"
RUN_CONFIGURATION_WARNING: Final = "penstock:runConfiguration"

_COSTLY_METRICS_ABOVE_PARALLELISM: Final = 64


def warn_of_properties(application: IConstruct, settings: FlinkApplicationProps) -> None:
    """Warn of metrics per subtask at a high parallelism, and of a run configuration, which stays."""
    parallelism = settings["parallelism"]
    if settings["metrics_level"] is MetricsLevel.PARALLELISM and parallelism > _COSTLY_METRICS_ABOVE_PARALLELISM:
        Annotations.of(application).add_warning_v2(
            COSTLY_METRICS_WARNING,
            f"metrics per subtask at parallelism {parallelism} are expensive and may be dropped above"
            f" {_COSTLY_METRICS_ABOVE_PARALLELISM}: use MetricsLevel.OPERATOR",
        )
    if settings.get("run_configuration") is not None:
        Annotations.of(application).add_warning_v2(
            RUN_CONFIGURATION_WARNING,
            "run_configuration is applied again on every later update of the running application: remove it after"
            " the deployment that needs it",
        )


def warn_of_secrets(application: IConstruct, groups: PropertyGroups) -> None:
    """Warn of entries of property groups that may be secrets."""
    for group, key in groups.entries_like_secrets():
        Annotations.of(application).add_warning_v2(
            IN_THE_OPEN_WARNING,
            f"{key!r} in property group {group!r} may be a secret, and whoever may describe the application could read"
            " it: pass the name of a secret of AWS Secrets Manager, which the job reads at run time",
        )
