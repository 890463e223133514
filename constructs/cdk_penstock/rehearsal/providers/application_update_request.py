"""The requests of CloudFormation for an application: CreateApplication, and UpdateApplication from a difference.

How CloudFormation makes UpdateApplication of two templates is not documented. Here, it sends the blocks that differ,
each as a whole; a block that a template no longer has is left as it is, because the API cannot take one away.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.loaders import create_loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape

_CODE: Final = "ApplicationCodeConfiguration"
_FLINK: Final = "FlinkApplicationConfiguration"
_PROPERTIES: Final = "EnvironmentProperties"
_VPCS: Final = "VpcConfigurations"
_FLAT: Final = (
    "ApplicationEncryptionConfiguration",
    "ApplicationSnapshotConfiguration",
    "ApplicationSystemRollbackConfiguration",
)
_OF_CREATE: Final = (
    "ApplicationConfiguration",
    "ApplicationDescription",
    "ApplicationMode",
    "RuntimeEnvironment",
    "ServiceExecutionRole",
    "Tags",
)


@cache
def _create_shape() -> Shape:
    model = ServiceModel(create_loader().load_service_model("kinesisanalyticsv2", "service-2"))
    shape = model.operation_model("CreateApplication").input_shape
    if shape is None:
        raise TypeError("CreateApplication has no input")
    return shape


def typed(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an application with numbers and booleans that templates may have as text."""
    members = _create_shape().members
    return {name: _typed(members[name], value) if name in members else value for name, value in properties.items()}


def _typed(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: _typed(shape.members[name], each) if name in shape.members else each
                for name, each in value.items()}  # fmt: skip
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, each) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _typed(shape.value, each) for name, each in value.items()}
    if shape.type_name in {"integer", "long"} and isinstance(value, str) and value.isdecimal():
        return int(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if shape.type_name == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def create_request(properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return CreateApplication: without RunConfiguration, which counts for updates alone."""
    return {"ApplicationName": name, **{each: properties[each] for each in _OF_CREATE if each in properties}}


def update_request(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of UpdateApplication but for name, version and run configuration; empty without a change."""
    request: dict[str, Any] = {}
    before, after = (each.get("ApplicationConfiguration") or {} for each in (old, new))
    configuration = _configuration_update(before, after)
    if configuration:
        request["ApplicationConfigurationUpdate"] = configuration
    for name in ("RuntimeEnvironment", "ServiceExecutionRole"):
        if old.get(name) != new.get(name):
            request[f"{name}Update"] = new[name]
    return request


def _configuration_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    update: dict[str, Any] = {}
    code, flink = _code_update(old.get(_CODE, {}), new.get(_CODE, {})), _flink_update(old, new)
    if code:
        update[f"{_CODE}Update"] = code
    if flink:
        update[f"{_FLINK}Update"] = flink
    if _PROPERTIES in new and new[_PROPERTIES] != old.get(_PROPERTIES):
        update["EnvironmentPropertyUpdates"] = {"PropertyGroups": new[_PROPERTIES].get("PropertyGroups", [])}
    for name in _FLAT:
        if name in new and new[name] != old.get(name):
            update[f"{name}Update"] = _suffixed(new[name])
    return update


def _suffixed(block: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}Update": value for name, value in block.items()}


def _code_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if "CodeContentType" in new and new["CodeContentType"] != old.get("CodeContentType"):
        update["CodeContentTypeUpdate"] = new["CodeContentType"]
    if "CodeContent" in new and new["CodeContent"] != old.get("CodeContent"):
        content = dict(new["CodeContent"])
        if "S3ContentLocation" in content:
            content["S3ContentLocation"] = _suffixed(content["S3ContentLocation"])
        update["CodeContentUpdate"] = _suffixed(content)
    return update


def _flink_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    before, after = old.get(_FLINK, {}), new.get(_FLINK, {})
    return {f"{name}Update": _suffixed(block) for name, block in after.items() if block != before.get(name)}


def removed_blocks(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the blocks that the new template does not have any more, and that stay as they are."""
    before, after = (each.get("ApplicationConfiguration") or {} for each in (old, new))
    gone = [name for name in before if name not in after and name != _VPCS]
    gone += [name for name in before.get(_FLINK, {}) if name not in after.get(_FLINK, {}) and _FLINK in after]
    return tuple(gone)


def vpcs(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the VPC configurations of an application, of which it has at most one."""
    return list((properties.get("ApplicationConfiguration") or {}).get(_VPCS) or ())


def vpc_update(vpc: Mapping[str, Any], vpc_id: str) -> dict[str, Any]:
    """Return the member of ApplicationConfigurationUpdate that changes a VPC configuration."""
    return {
        "VpcConfigurationUpdates": [
            {
                "VpcConfigurationId": vpc_id,
                "SubnetIdUpdates": vpc["SubnetIds"],
                "SecurityGroupIdUpdates": vpc["SecurityGroupIds"],
            }
        ]
    }
