"""The settings of an application's version, as MSF describes them, and the update that brings them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.keys.key_assignment import KeyAssignment
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODE: Final = "ApplicationCodeConfigurationDescription"
FLINK: Final = "FlinkApplicationConfigurationDescription"
PARALLELISM: Final = "ParallelismConfigurationDescription"
PROPERTIES: Final = "EnvironmentPropertyDescriptions"
"""Names of blocks of a description."""
_SNAPSHOTS: Final = "ApplicationSnapshotConfigurationDescription"
_ROLLBACK: Final = "ApplicationSystemRollbackConfigurationDescription"
_BLOCKS: Final = ("Checkpoint", "Monitoring", "Parallelism")
_OBSERVED: Final = {"CurrentParallelism", "CodeMD5", "CodeSize"}
"""Members that MSF finds out, and nobody sets."""
_OF_OTHER_OPERATIONS: Final = {
    "VpcConfigurationDescriptions": "VPC configuration",
    "ApplicationEncryptionConfigurationDescription": "key",
}
"""Parts of a configuration that UpdateApplication does not put back here, and their names."""


@dataclass(frozen=True, kw_only=True)
class DescribedSettings:
    """The settings of one version.

    Parameters
    ----------
    runtime_environment, role_arn
        As described.
    configuration
        The ApplicationConfigurationDescription.
    """

    runtime_environment: str
    role_arn: str
    configuration: Mapping[str, Any]

    @classmethod
    def parse(cls, described: Mapping[str, Any]) -> Self:
        """Return the settings of an ApplicationDetail or an ApplicationVersionDetail."""
        return cls(
            runtime_environment=described["RuntimeEnvironment"],
            role_arn=described.get("ServiceExecutionRole", ""),
            configuration=described.get("ApplicationConfigurationDescription", {}),
        )

    @property
    def revision(self) -> Revision | None:
        """Code and runtime; None for code that is not in S3."""
        content = self.configuration.get(CODE, {}).get("CodeContentDescription", {})
        location = content.get("S3ApplicationCodeLocationDescription")
        if location is None:
            return None
        return Revision(
            code_bucket_arn=location["BucketARN"],
            code_key=location["FileKey"],
            code_version=location.get("ObjectVersion", ""),
            runtime_environment=self.runtime_environment,
        )

    @property
    def parallelism(self) -> int:
        """The configured parallelism."""
        return int(self._block("Parallelism").get("Parallelism", 1))

    @property
    def parallelism_per_kpu(self) -> int:
        """The configured parallelism per KPU."""
        return int(self._block("Parallelism").get("ParallelismPerKPU", 1))

    @property
    def autoscaling_enabled(self) -> bool:
        """True if MSF scales the application by its load."""
        return bool(self._block("Parallelism").get("AutoScalingEnabled", False))

    @property
    def snapshots_enabled(self) -> bool:
        """True if MSF takes a snapshot before a stop or an update, which is its default."""
        return bool(self.configuration.get(_SNAPSHOTS, {}).get("SnapshotsEnabled", True))

    @property
    def system_rollback_enabled(self) -> bool:
        """True if MSF itself brings the version before back if an update fails."""
        return bool(self.configuration.get(_ROLLBACK, {}).get("RollbackEnabled", False))

    @property
    def checkpoint_interval_seconds(self) -> float | None:
        """Time between two checkpoints, None if they are disabled."""
        block = self._block("Checkpoint")
        if not block.get("CheckpointingEnabled", True):
            return None
        return float(block.get("CheckpointInterval", 60_000)) / 1000

    @property
    def property_groups(self) -> dict[str, dict[str, str]]:
        """Keys and values by property group id."""
        return {each["PropertyGroupId"]: dict(each.get("PropertyMap", {})) for each in _groups(self.configuration)}

    def encryption_of(self, application_arn: str) -> KeyAssignment:
        """Return the key of the version, which the account and Region of the application complete."""
        block = self.configuration.get("ApplicationEncryptionConfigurationDescription", {})
        return KeyAssignment.described(block.get("KeyType"), block.get("KeyId"), application_arn=application_arn)

    def _block(self, name: str) -> Mapping[str, Any]:
        block: Mapping[str, Any] = self.configuration.get(FLINK, {}).get(f"{name}ConfigurationDescription", {})
        return block

    @property
    def run_options(self) -> dict[str, str]:
        """The property group from which MSF starts a Python job; empty for a Java job."""
        return self.property_groups.get(RUN_OPTIONS_GROUP, {})

    @property
    def runs_python(self) -> bool:
        """True if the application runs a Python job."""
        return not {"python", "pyModule"}.isdisjoint(self.run_options)

    def flink_blocks(self) -> dict[str, Any]:
        """Return checkpoints, monitoring and parallelism as CreateApplication takes them."""
        blocks = {f"{name}Configuration": _given(self._block(name)) for name in _BLOCKS}
        return {name: block for name, block in blocks.items() if block}

    def update_from(self, present: DescribedSettings) -> dict[str, Any]:
        """Return the members of UpdateApplication that bring these settings back; empty where nothing differs.

        The key is left alone, and so are VPC and logging options, which have operations of their own: see
        ``left_out_from``.
        """
        request: dict[str, Any] = {}
        if self.runtime_environment != present.runtime_environment:
            request["RuntimeEnvironmentUpdate"] = self.runtime_environment
        if self.role_arn != present.role_arn:
            request["ServiceExecutionRoleUpdate"] = self.role_arn
        configuration = dict(self._configuration_update(present))
        if configuration:
            request["ApplicationConfigurationUpdate"] = configuration
        return request

    def left_out_from(self, present: DescribedSettings) -> list[str]:
        """Return the names of the differences that ``update_from`` leaves."""
        mine, others = self.configuration, present.configuration
        return [name for member, name in _OF_OTHER_OPERATIONS.items() if mine.get(member) != others.get(member)]

    def _configuration_update(self, present: DescribedSettings) -> Iterator[tuple[str, Any]]:
        mine, others = self.configuration, present.configuration
        if self.revision is not None and _settable(mine.get(CODE, {})) != _settable(others.get(CODE, {})):
            yield "ApplicationCodeConfigurationUpdate", self._code_update()
        if _groups(mine) != _groups(others):
            yield "EnvironmentPropertyUpdates", {"PropertyGroups": _groups(mine)}
        blocks = {
            f"{name}ConfigurationUpdate": _update(self._block(name))
            for name in _BLOCKS
            if _settable(self._block(name)) != _settable(present._block(name))
        }
        if blocks:
            yield "FlinkApplicationConfigurationUpdate", blocks
        if self.snapshots_enabled != present.snapshots_enabled:
            yield "ApplicationSnapshotConfigurationUpdate", {"SnapshotsEnabledUpdate": self.snapshots_enabled}
        if mine.get(_ROLLBACK) != others.get(_ROLLBACK):
            enabled = mine.get(_ROLLBACK, {}).get("RollbackEnabled", False)
            yield "ApplicationSystemRollbackConfigurationUpdate", {"RollbackEnabledUpdate": enabled}

    def _code_update(self) -> dict[str, Any]:
        code = self.configuration[CODE]
        location = code["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]
        return {
            "CodeContentTypeUpdate": code["CodeContentType"],
            "CodeContentUpdate": {"S3ContentLocationUpdate": _update(location)},
        }


def _groups(configuration: Mapping[str, Any]) -> list[Any]:
    groups: list[Any] = configuration.get(PROPERTIES, {}).get("PropertyGroupDescriptions", [])
    return sorted(groups, key=lambda each: str(each["PropertyGroupId"]))


def _settable(described: Any) -> Any:
    """Return a description without what MSF has found out."""
    if not isinstance(described, dict):
        return described
    return {name: _settable(value) for name, value in described.items() if name not in _OBSERVED}


def _update(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block of an update: its members end in ``Update``."""
    return {f"{name}Update": value for name, value in _given(described).items()}


def _given(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what somebody has set: MSF ignores values beside ConfigurationType DEFAULT."""
    members = {"ConfigurationType": described["ConfigurationType"]} if _is_default(described) else described
    return {name: value for name, value in members.items() if name not in _OBSERVED}


def _is_default(described: Mapping[str, Any]) -> bool:
    return described.get("ConfigurationType") == "DEFAULT"
