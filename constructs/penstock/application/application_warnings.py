"""Warnings about properties that MSF takes, and that cost more or last longer than they seem to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations

from penstock.application.props import MetricsLevel

if TYPE_CHECKING:
    from constructs import IConstruct

    from penstock.application.props import FlinkApplicationProps

__all__ = ("warn_of_properties",)

COSTLY_METRICS_WARNING: Final = "penstock:metricsPerSubtask"
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
