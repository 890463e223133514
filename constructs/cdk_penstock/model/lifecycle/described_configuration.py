"""Configurations of applications: MSF's defaults, what CreateApplication gives, and what UpdateApplication changes.

All are documents in the form of ApplicationConfigurationDescription. An update merges block by block; inside of a
block, a list replaces the present one. Sources: API_ApplicationConfiguration, API_ApplicationConfigurationUpdate, and
Terraform's acceptance tests for the defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.lifecycle.code_location import described_code
from cdk_penstock.model.lifecycle.options import described_vpc, updated_vpcs
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.runtimes import CUSTOMER_MANAGED_KEY_NEEDS, FlinkRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.model.lifecycle.code_location import CodeCopy, CodeLocation
    from cdk_penstock.model.lifecycle.switches import Switches
    from cdk_penstock.model.lifecycle.version_settings import Document


_MAXIMUM_PARALLELISM_PER_KPU: Final = 8
_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "Checkpoint": {"CheckpointingEnabled": True, "CheckpointInterval": 60_000, "MinPauseBetweenCheckpoints": 5_000},
    "Monitoring": {"MetricsLevel": "APPLICATION", "LogLevel": "INFO"},
    "Parallelism": {"Parallelism": 1, "ParallelismPerKPU": 1, "AutoScalingEnabled": True},
}
_OF_OTHER_APPLICATIONS: Final = ("SqlApplicationConfiguration", "ZeppelinApplicationConfiguration")


@dataclass(frozen=True, kw_only=True)
class ConfigurationContext:
    """Everything that a configuration depends on beside the request.

    Parameters
    ----------
    switches
        The answers to open questions.
    resolve_key
        Returns the canonical ARN of a key id, ARN or alias.
    vpc_id
        The VPC of the subnets.
    version_id
        The version that the request makes, for the ids of what it adds.
    location, code
        Where the code is that the request names, and the copy of it; None if it names none.
    """

    switches: Switches
    resolve_key: Callable[[str], str]
    vpc_id: str
    version_id: int
    location: CodeLocation | None = None
    code: CodeCopy | None = None


def _refuse(message: str, code: RefusalCode = RefusalCode.INVALID_ARGUMENT) -> RefusedCallError:
    return RefusedCallError(code, message)


def created_configuration(given: Mapping[str, Any], context: ConfigurationContext) -> Document:
    """Return the description of an ApplicationConfiguration, with MSF's defaults.

    Raises
    ------
    RefusedCallError
        It is of an SQL or Studio application, or contradicts itself.
    """
    _check_kind(given, "")
    code = given.get("ApplicationCodeConfiguration", {})
    flink = given.get("FlinkApplicationConfiguration", {})
    snapshots = given.get("ApplicationSnapshotConfiguration", {})
    described: Document = {
        "ApplicationCodeConfigurationDescription": described_code(
            code.get("CodeContentType", "PLAINTEXT"), context.location, context.code
        ),
        "FlinkApplicationConfigurationDescription": {
            f"{name}ConfigurationDescription": _block(name, None, flink.get(f"{name}Configuration", {}), context)
            for name in _DEFAULTS
        },
        "ApplicationSnapshotConfigurationDescription": {
            "SnapshotsEnabled": snapshots.get("SnapshotsEnabled", True),
            "SnapshotMode": snapshots.get("SnapshotMode", "APPLICATION_SNAPSHOTS_LEGACY"),
        },
        "ApplicationSystemRollbackConfigurationDescription": {
            "RollbackEnabled": given.get("ApplicationSystemRollbackConfiguration", {}).get("RollbackEnabled", False)
        },
        "ApplicationEncryptionConfigurationDescription": _encryption(
            given.get("ApplicationEncryptionConfiguration", {"KeyType": "AWS_OWNED_KEY"}), context
        ),
    }
    if "EnvironmentProperties" in given:
        described["EnvironmentPropertyDescriptions"] = _properties(given["EnvironmentProperties"])
    if given.get("VpcConfigurations"):
        described["VpcConfigurationDescriptions"] = [
            described_vpc(each, context.vpc_id, f"{context.version_id}.{number}")
            for number, each in enumerate(given["VpcConfigurations"], start=1)
        ]
    return described


def updated_configuration(present: Document, given: Mapping[str, Any], context: ConfigurationContext) -> Document:
    """Return the description after an ApplicationConfigurationUpdate.

    Raises
    ------
    RefusedCallError
        It names an unknown VPC configuration, or contradicts itself.
    """
    _check_kind(given, "Update")
    described = dict(present)
    if "ApplicationCodeConfigurationUpdate" in given:
        described |= _updated_code(present, given["ApplicationCodeConfigurationUpdate"], context)
    if "FlinkApplicationConfigurationUpdate" in given:
        flink, update = (
            present["FlinkApplicationConfigurationDescription"],
            given["FlinkApplicationConfigurationUpdate"],
        )
        described["FlinkApplicationConfigurationDescription"] = flink | {
            f"{name}ConfigurationDescription": _block(
                name, flink[f"{name}ConfigurationDescription"], _plain(update[f"{name}ConfigurationUpdate"]), context
            )
            for name in _DEFAULTS
            if f"{name}ConfigurationUpdate" in update
        }
    if "EnvironmentPropertyUpdates" in given:
        described["EnvironmentPropertyDescriptions"] = _properties(given["EnvironmentPropertyUpdates"])
    for name in ("ApplicationSnapshotConfiguration", "ApplicationSystemRollbackConfiguration"):
        if f"{name}Update" in given:
            described[f"{name}Description"] = present[f"{name}Description"] | _plain(given[f"{name}Update"])
    if "ApplicationEncryptionConfigurationUpdate" in given:
        described["ApplicationEncryptionConfigurationDescription"] = _encryption(
            _plain(given["ApplicationEncryptionConfigurationUpdate"]), context
        )
    if "VpcConfigurationUpdates" in given:
        described["VpcConfigurationDescriptions"] = updated_vpcs(
            present.get("VpcConfigurationDescriptions", []), given["VpcConfigurationUpdates"], context.vpc_id
        )
    if _mode(present) == "ENHANCED_SNAPSHOTS" != _mode(described):
        raise _refuse("An application with ENHANCED_SNAPSHOTS cannot go back to APPLICATION_SNAPSHOTS_LEGACY")
    return described


def _mode(configuration: Document) -> object:
    return configuration["ApplicationSnapshotConfigurationDescription"].get("SnapshotMode")


def check_configuration(configuration: Document, runtime: str, switches: Switches) -> None:
    """Raise RefusedCallError if the runtime or a quota does not allow the configuration."""
    release = FlinkRuntime.of(runtime)
    encryption = configuration["ApplicationEncryptionConfigurationDescription"]
    if encryption["KeyType"] == "CUSTOMER_MANAGED_KEY" and not release.customer_managed_key_allowed:
        raise _refuse(f"Customer managed keys are not supported for {runtime}: {CUSTOMER_MANAGED_KEY_NEEDS}")
    check_snapshot_mode(configuration, runtime)
    block = configuration["FlinkApplicationConfigurationDescription"]["ParallelismConfigurationDescription"]
    per_kpu, parallelism = block["ParallelismPerKPU"], block["Parallelism"]
    if per_kpu > _MAXIMUM_PARALLELISM_PER_KPU:
        raise _refuse(f"ParallelismPerKPU must be at most {_MAXIMUM_PARALLELISM_PER_KPU}, got {per_kpu}")
    kpus = math.ceil(parallelism / per_kpu)
    if kpus > switches.maximum_kpus:
        raise _refuse(
            f"Parallelism {parallelism} needs {kpus} KPUs, the limit is {switches.maximum_kpus}",
            RefusalCode.LIMIT_EXCEEDED,
        )


def check_snapshot_mode(configuration: Document, runtime: str) -> None:
    """Raise RefusedCallError if the runtime is too old for the mode of the snapshots."""
    if _mode(configuration) == "ENHANCED_SNAPSHOTS" and FlinkRuntime.of(runtime).release < (1, 20):
        raise _refuse(f"ENHANCED_SNAPSHOTS needs a runtime from FLINK-1_20 on, got {runtime}")


def _check_kind(given: Mapping[str, Any], suffix: str) -> None:
    for name in _OF_OTHER_APPLICATIONS:
        if f"{name}{suffix}" in given:
            raise _refuse(f"{name}{suffix} is not supported for a Flink application", RefusalCode.UNSUPPORTED_OPERATION)


def _plain(update: Mapping[str, Any]) -> Document:
    return {name.removesuffix("Update"): value for name, value in update.items()}


def _block(name: str, present: Document | None, given: Mapping[str, Any], context: ConfigurationContext) -> Document:
    start = present or {"ConfigurationType": "DEFAULT", **_DEFAULTS[name]}
    merged = start | dict(given)
    ignored = context.switches.default_ignores_all_values or name == "Checkpoint"
    if merged["ConfigurationType"] == "DEFAULT" and ignored:
        merged |= _DEFAULTS[name]
    return merged


def _properties(given: Mapping[str, Any]) -> Document:
    groups = given["PropertyGroups"]
    ids = [each["PropertyGroupId"] for each in groups]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise _refuse(f"PropertyGroupId must be unique, these are given more than once: {', '.join(twice)}")
    return {"PropertyGroupDescriptions": groups}


def _encryption(given: Mapping[str, Any], context: ConfigurationContext) -> Document:
    key_id = given.get("KeyId")
    if given["KeyType"] == "AWS_OWNED_KEY":
        if key_id is not None:
            raise _refuse("KeyId must not be given with KeyType AWS_OWNED_KEY")
        return {"KeyType": "AWS_OWNED_KEY"}
    if key_id is None:
        raise _refuse("KeyId is required with KeyType CUSTOMER_MANAGED_KEY")
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": context.resolve_key(key_id)}


def _updated_code(present: Document, given: Mapping[str, Any], context: ConfigurationContext) -> Document:
    name = "ApplicationCodeConfigurationDescription"
    content_type = given.get("CodeContentTypeUpdate", present[name]["CodeContentType"])
    if context.location is None:
        return {name: present[name] | {"CodeContentType": content_type}}
    return {name: described_code(content_type, context.location, context.code)}
