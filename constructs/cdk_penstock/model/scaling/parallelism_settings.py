"""The parallelism of an application as MSF describes it, and the part of UpdateApplication that changes it.

Source: API_ParallelismConfigurationDescription and API_ParallelismConfigurationUpdate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class ParallelismSettings:
    """The configured parallelism, and what MSF's automatic scaling has made of it.

    The defaults are MSF's.

    Parameters
    ----------
    parallelism, parallelism_per_kpu
        As configured. MSF's automatic scaling does not change them.
    auto_scaling_enabled
        True if MSF scales the application; it never goes below ``parallelism``.
    current_parallelism
        The parallelism of the running job; None where MSF does not say.
    """

    parallelism: int = 1
    parallelism_per_kpu: int = 1
    auto_scaling_enabled: bool = True
    current_parallelism: int | None = None

    @classmethod
    def described(cls, application: Mapping[str, Any]) -> Self:
        """Return the parallelism in an ApplicationDetail."""
        return cls.of_configuration(application.get("ApplicationConfigurationDescription", {}))

    @classmethod
    def of_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Return the parallelism in an ApplicationConfigurationDescription."""
        flink = configuration.get("FlinkApplicationConfigurationDescription", {})
        block = flink.get("ParallelismConfigurationDescription", {})
        return cls(
            parallelism=block.get("Parallelism", 1),
            parallelism_per_kpu=block.get("ParallelismPerKPU", 1),
            auto_scaling_enabled=block.get("AutoScalingEnabled", True),
            current_parallelism=block.get("CurrentParallelism"),
        )

    def update_to(self, parallelism: int, *, parallelism_per_kpu: int | None = None) -> dict[str, Any]:
        """Return the ApplicationConfigurationUpdate to another parallelism; all that is not given stays as it is.

        ConfigurationType must be CUSTOM, or MSF ignores the values; so all of them are sent. The request has no
        RunConfigurationUpdate: a running job continues from the snapshot that the update takes, and
        AllowNonRestoredState, which MSF sets back to false in each update that does not give it, is not needed,
        because the job stays the same.
        """
        per_kpu = self.parallelism_per_kpu if parallelism_per_kpu is None else parallelism_per_kpu
        update = {
            "ConfigurationTypeUpdate": "CUSTOM",
            "ParallelismUpdate": parallelism,
            "ParallelismPerKPUUpdate": per_kpu,
            "AutoScalingEnabledUpdate": self.auto_scaling_enabled,
        }
        return {"FlinkApplicationConfigurationUpdate": {"ParallelismConfigurationUpdate": update}}
