"""Settings of a shadow: those of the application, with its own sink and its own group of consumers.

Two writers on one sink do harm, so that a shadow without another value for its sink is refused. It has the tag
``penstock:shadow-of``, without which nothing is changed or deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Observation, VersionFacts
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cdk_penstock.model.deployment import Revision
    from cdk_penstock.model.shadow.property_override import PropertyOverride

SHADOW_TAG: Final = "penstock:shadow-of"
_CONSUMER_NAMES: Final = ("group.id", "efo.consumer.name", "efo.consumername")
"""Endings of the keys under which Kafka's and Kinesis' connectors know a group of consumers, or a consumer."""


@dataclass(frozen=True, kw_only=True)
class ShadowSettings:
    """A shadow of an application.

    Parameters
    ----------
    described
        The ApplicationDetail of the application.
    name
        The name of the shadow.
    revision
        Its code and runtime.
    sink, others
        Other values of properties: those that lead to the sink, at least one, and any others.
    parallelism
        Its parallelism, None for that of the application.
    key_arn
        Its customer managed key, None for the AWS-owned key.
    """

    described: Mapping[str, Any]
    name: str
    revision: Revision
    sink: Sequence[PropertyOverride]
    others: Sequence[PropertyOverride] = ()
    parallelism: int | None = None
    key_arn: str | None = None

    def __post_init__(self) -> None:
        """Refuse a shadow that would disturb the application."""
        if not self.sink:
            raise PenstockError(
                "a shadow needs another sink than the application, since two writers on one sink do harm: name the"
                " property that leads to it, and another value, as in --sink sink:topic=shadow"
            )
        for each in (*self.sink, *self.others):
            each.check_against(self._original.property_groups)
        if self.name == self.described["ApplicationName"]:
            raise PenstockError(f"the shadow needs another name than the application, got {self.name!r}")

    @property
    def property_groups(self) -> dict[str, dict[str, str]]:
        """The property groups: the overrides, then the names of consumers that nobody has overridden."""
        groups = self._original.property_groups
        for each in (*self.sink, *self.others):
            groups[each.group][each.key] = each.value
        for group, key, value in self.consumers():
            groups[group][key] = value
        return groups

    def consumers(self) -> Iterator[tuple[str, str, str]]:
        """Yield group, key and new value of each property that names consumers, so that the shadow has its own."""
        overridden = {(each.group, each.key) for each in (*self.sink, *self.others)}
        for group, entries in self._original.property_groups.items():
            for key, value in entries.items():
                if key.lower().endswith(_CONSUMER_NAMES) and (group, key) not in overridden:
                    yield group, key, f"{value}-{self.name}"

    def differences_from(self, present: DescribedSettings) -> list[str]:
        """Return the names of what a shadow that exists has differently."""
        found = {
            "code or runtime": self.revision.is_met_by(present.revision),
            "property groups": present.property_groups == self.property_groups,
            "parallelism": present.parallelism == (self.parallelism or self._original.parallelism),
        }
        return [name for name, is_same in found.items() if not is_same]

    def to_request(self) -> dict[str, Any]:
        """Return the members of CreateApplication."""
        original = self._original
        code = {
            "BucketARN": self.revision.code_bucket_arn,
            "FileKey": self.revision.code_key,
            **({"ObjectVersion": self.revision.code_version} if self.revision.code_version else {}),
        }
        groups = [{"PropertyGroupId": group, "PropertyMap": entries} for group, entries in self.property_groups.items()]
        networks = original.configuration.get("VpcConfigurationDescriptions", ())
        logs = self.described.get("CloudWatchLoggingOptionDescriptions", ())
        configuration = {
            "ApplicationCodeConfiguration": {
                "CodeContentType": "ZIPFILE",
                "CodeContent": {"S3ContentLocation": code},
            },
            "FlinkApplicationConfiguration": self._flink(),
            "EnvironmentProperties": {"PropertyGroups": groups},
            "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": original.snapshots_enabled},
            "VpcConfigurations": [
                {"SubnetIds": each["SubnetIds"], "SecurityGroupIds": each["SecurityGroupIds"]} for each in networks
            ],
            **self._encryption(),
        }
        return {
            "ApplicationName": self.name,
            "ApplicationDescription": f"Shadow of {self.described['ApplicationName']}, made by penstock app shadow",
            "RuntimeEnvironment": self.revision.runtime_environment,
            "ServiceExecutionRole": original.role_arn,
            "ApplicationConfiguration": configuration,
            "CloudWatchLoggingOptions": [{"LogStreamARN": each["LogStreamARN"]} for each in logs],
            "Tags": [{"Key": SHADOW_TAG, "Value": self.described["ApplicationName"]}],
        }

    def observation_after_creation(self, now: datetime) -> Observation:
        """Return the shadow as it is expected when it was created."""
        original = self._original
        settings = replace(original, runtime_environment=self.revision.runtime_environment)
        version = VersionFacts(version_id=1, created_at=now, settings=settings)
        return Observation(status=ApplicationStatus.READY, version_id=1, versions=(version,), now=now)

    @property
    def _original(self) -> DescribedSettings:
        return DescribedSettings.parse(self.described)

    def _flink(self) -> dict[str, Any]:
        blocks = self._original.flink_blocks()
        if self.parallelism is not None:
            # MSF ignores values beside ConfigurationType DEFAULT.
            blocks["ParallelismConfiguration"] = {
                "ConfigurationType": "CUSTOM",
                "Parallelism": self.parallelism,
                "ParallelismPerKPU": self._original.parallelism_per_kpu,
                "AutoScalingEnabled": False,
            }
        return blocks

    def _encryption(self) -> dict[str, Any]:
        if self.key_arn is None:
            return {}
        return {"ApplicationEncryptionConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": self.key_arn}}
