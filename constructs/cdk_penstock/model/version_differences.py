"""The settings of an application's version as named texts, and the differences between two versions.

A setting has the name of its member in DescribeApplicationVersion, below a word for its block. What is shown holds no
secret: values that may be one are masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.secrets import mask_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]

ABSENT: Final = "-"
"""The value of a setting that a version does not have."""

_BLOCKS: Final = {
    "ApplicationCodeConfigurationDescription": "code",
    "ApplicationEncryptionConfigurationDescription": "key",
    "ApplicationSnapshotConfigurationDescription": "snapshots",
    "ApplicationSystemRollbackConfigurationDescription": "rollback",
}
_FLINK_BLOCKS: Final = {
    "CheckpointConfigurationDescription": "checkpoints",
    "MonitoringConfigurationDescription": "logging",
    "ParallelismConfigurationDescription": "parallelism",
}
# Not of the version, but of the running job and of its start.
_OF_THE_JOB: Final = frozenset({"CurrentParallelism", "JobPlanDescription", "RunConfigurationDescription"})
_MILLISECONDS: Final = frozenset({"CheckpointInterval", "MinPauseBetweenCheckpoints"})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A setting that two versions have differently; ``before`` and ``after`` can be shown to everybody."""

    setting: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.before} -> {self.after}"


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """Return the settings that two ApplicationDetails have differently, sorted by their names."""
    old, new = dict(_settings(before)), dict(_settings(after))
    return tuple(
        _difference(setting, old.get(setting), new.get(setting))
        for setting in sorted(old.keys() | new.keys())
        if old.get(setting) != new.get(setting)
    )


def shown_settings(detail: Document) -> dict[str, str]:
    """Return the settings of an ApplicationDetail by their names, without secrets."""
    return {setting: _shown(setting, value) for setting, value in sorted(_settings(detail))}


def _difference(setting: str, before: str | None, after: str | None) -> Difference:
    old, new = (ABSENT if value is None else _shown(setting, value) for value in (before, after))
    return Difference(setting=setting, before=old, after=f"{new} (another value)" if old == new else new)


def _shown(setting: str, value: str) -> str:
    # The name of an entry may have dots, and the id of its group as well: both may tell of a secret.
    return mask_value(setting, value) if setting.startswith("property ") else value


def _settings(detail: Document) -> Iterator[tuple[str, str]]:
    """Yield each setting with its value; nothing is masked, so that two secrets can be compared."""
    yield "runtime", detail["RuntimeEnvironment"]
    yield "execution role", detail.get("ServiceExecutionRole", ABSENT)
    streams = [each["LogStreamARN"] for each in detail.get("CloudWatchLoggingOptionDescriptions", ())]
    if streams:
        yield "logging LogStreamARN", ", ".join(sorted(streams))
    for name, block in detail.get("ApplicationConfigurationDescription", {}).items():
        match name:
            case _ if name in _OF_THE_JOB:
                continue
            case "EnvironmentPropertyDescriptions":
                yield from _properties(block)
            case "VpcConfigurationDescriptions":
                yield from _networks(block)
            case "FlinkApplicationConfigurationDescription":
                for inner, content in block.items():
                    if inner not in _OF_THE_JOB:
                        yield from _members(_FLINK_BLOCKS.get(inner, inner), content)
            case "ApplicationCodeConfigurationDescription":
                yield from _code(block)
            case _:
                yield from _members(_BLOCKS.get(name, name), block)


def _code(block: Document) -> Iterator[tuple[str, str]]:
    content = dict(block.get("CodeContentDescription", {}))
    location = content.pop("S3ApplicationCodeLocationDescription", None)
    if location is not None:
        place = f"s3://{location['BucketARN'].rpartition(':')[2]}/{location['FileKey']}"
        version = location.get("ObjectVersion")
        yield "code", f"{place} (version {version})" if version else place
    yield from _members("code", {**content, "CodeContentType": block.get("CodeContentType", ABSENT)})


def _properties(block: Document) -> Iterator[tuple[str, str]]:
    for group in block.get("PropertyGroupDescriptions", ()):
        for key, value in group["PropertyMap"].items():
            yield f"property {group['PropertyGroupId']} {key}", value


def _networks(block: Any) -> Iterator[tuple[str, str]]:
    for number, network in enumerate(block, start=1):
        word = "VPC" if len(block) == 1 else f"VPC {number}"
        for name in ("VpcId", "SubnetIds", "SecurityGroupIds"):
            yield f"{word} {name}", _text(network.get(name, ABSENT))


def _members(word: str, block: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(block, dict):
        yield word, _text(block)
        return
    for name, value in block.items():
        if name in _OF_THE_JOB:
            continue
        if isinstance(value, dict):
            yield from _members(f"{word} {name}", value)
        else:
            yield f"{word} {name}", f"{_text(value)} ms" if name in _MILLISECONDS else _text(value)


def _text(value: Any) -> str:
    return ", ".join(sorted(map(str, value))) if isinstance(value, list) else str(value)
