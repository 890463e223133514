"""A change of an application's settings that a deployment asks for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning.described_settings import CODE, FLINK, PARALLELISM, PROPERTIES
from cdk_penstock.model.properties import PropertyGroups
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings
from cdk_penstock.model.secrets import MASK, may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.model.deployment import Revision
    from cdk_penstock.model.lifecycle.planning.described_settings import DescribedSettings

_DIGEST_CHARACTERS: Final = 8


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of an application; None leaves a setting as it is.

    Parameters
    ----------
    revision
        Code and runtime.
    parallelism, parallelism_per_kpu
        The parallelism, in subtasks.
    properties
        Values by property group and key; None removes a key. All other groups and keys stay as they are.

    Raises PenstockError for a change of nothing.
    """

    revision: Revision | None = None
    parallelism: int | None = None
    parallelism_per_kpu: int | None = None
    properties: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse a change of nothing."""
        numbers = self.parallelism, self.parallelism_per_kpu
        if self.revision is None and numbers == (None, None) and not any(self.properties.values()):
            raise PenstockError("a change needs code, a runtime, a parallelism or properties, got none of them")

    def is_met_by(self, settings: DescribedSettings) -> bool:
        """Return True if these settings are as the change wants them."""
        return (
            (self.revision is None or self.revision.is_met_by(settings.revision))
            and self.parallelism in {None, settings.parallelism}
            and self.parallelism_per_kpu in {None, settings.parallelism_per_kpu}
            and all(
                settings.property_groups.get(group, {}).get(key) == value
                for group, entries in self.properties.items()
                for key, value in entries.items()
            )
        )

    def update_from(self, present: DescribedSettings) -> dict[str, Any]:
        """Return the members of UpdateApplication that make the change."""
        request: dict[str, Any] = {}
        configuration: dict[str, Any] = {}
        if self.revision is not None:
            if self.revision.runtime_environment != present.runtime_environment:
                request["RuntimeEnvironmentUpdate"] = self.revision.runtime_environment
            location = {
                "BucketARNUpdate": self.revision.code_bucket_arn,
                "FileKeyUpdate": self.revision.code_key,
                **({"ObjectVersionUpdate": self.revision.code_version} if self.revision.code_version else {}),
            }
            configuration["ApplicationCodeConfigurationUpdate"] = {
                "CodeContentUpdate": {"S3ContentLocationUpdate": location}
            }
        if self.parallelism is not None or self.parallelism_per_kpu is not None:
            settings = ParallelismSettings.of_configuration(present.configuration)
            configuration |= settings.update_to(
                self.parallelism or present.parallelism, parallelism_per_kpu=self.parallelism_per_kpu
            )
        if self.properties:
            # An update replaces the whole set.
            configuration["EnvironmentPropertyUpdates"] = {"PropertyGroups": self._groups_from(present)}
        return {**request, "ApplicationConfigurationUpdate": configuration}

    def applied_to(self, present: DescribedSettings) -> DescribedSettings:
        """Return the settings after the change, as far as it names them."""
        configuration = dict(present.configuration)
        runtime = present.runtime_environment
        if self.revision is not None:
            runtime = self.revision.runtime_environment
            configuration[CODE] = {
                **configuration.get(CODE, {}),
                "CodeContentDescription": {
                    "S3ApplicationCodeLocationDescription": {
                        "BucketARN": self.revision.code_bucket_arn,
                        "FileKey": self.revision.code_key,
                        **({"ObjectVersion": self.revision.code_version} if self.revision.code_version else {}),
                    }
                },
            }
        if self.properties:
            configuration[PROPERTIES] = {"PropertyGroupDescriptions": self._groups_from(present)}
        flink = dict(configuration.get(FLINK, {}))
        flink[PARALLELISM] = {
            **flink.get(PARALLELISM, {}),
            "Parallelism": self.parallelism or present.parallelism,
            "ParallelismPerKPU": self.parallelism_per_kpu or present.parallelism_per_kpu,
        }
        return replace(present, runtime_environment=runtime, configuration={**configuration, FLINK: flink})

    @property
    def digest(self) -> str:
        """A short text that is the same for the same change."""
        return hashlib.sha256(self._text(masked=False).encode()).hexdigest()[:_DIGEST_CHARACTERS]

    def __str__(self) -> str:
        return self._text(masked=True)

    def _text(self, *, masked: bool) -> str:
        parts = [] if self.revision is None else [str(self.revision)]
        if self.parallelism is not None:
            parts.append(f"parallelism {self.parallelism}")
        if self.parallelism_per_kpu is not None:
            parts.append(f"parallelism per KPU {self.parallelism_per_kpu}")
        return ", ".join([*parts, *self._property_texts(masked=masked)])

    def _property_texts(self, *, masked: bool) -> Iterator[str]:
        for group, entries in sorted(self.properties.items()):
            for key, value in sorted(entries.items()):
                if value is None:
                    yield f"no property {group} {key}"
                else:
                    yield f"property {group} {key}={MASK if masked and may_hold_secret(key, value) else value}"

    def _groups_from(self, present: DescribedSettings) -> list[dict[str, Any]]:
        """Return the whole set of property groups after the change; raise PropertyError for what MSF would refuse."""
        merged = present.property_groups
        for group, entries in self.properties.items():
            kept = {**merged.get(group, {}), **entries}
            merged[group] = {key: value for key, value in kept.items() if value is not None}
        # MSF has no empty group.
        checked = PropertyGroups(groups={group: entries for group, entries in sorted(merged.items()) if entries})
        return [{"PropertyGroupId": group, "PropertyMap": dict(entries)} for group, entries in checked.groups.items()]
