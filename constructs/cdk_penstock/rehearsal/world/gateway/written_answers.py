"""Answers of services in the form of their protocol, by the shape of the operation."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.xml_elements import element, text_element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import StructureShape


def json_answer(answer: Mapping[str, Any], shape: StructureShape | None) -> dict[str, Any]:
    """Return an answer for a protocol of JSON: names as on the wire, times as seconds."""
    return {} if shape is None else dict(_json(answer, shape))


def _json(value: Any, shape: Any) -> Any:
    match shape.type_name:
        case "structure":
            members = shape.members
            return {
                str(members[name].serialization.get("name", name)): _json(each, members[name])
                for name, each in value.items()
                if each is not None and name in members
            }
        case "list":
            return [_json(each, shape.member) for each in value]
        case "map":
            return {key: _json(each, shape.value) for key, each in value.items()}
        case "timestamp":
            return value.timestamp() if isinstance(value, datetime) else value
        case "blob":
            return base64.b64encode(value).decode()
        case _:
            return value


def xml_elements(answer: Mapping[str, Any], shape: StructureShape | None, *, is_ec2: bool) -> str:
    """Return the elements of an answer in XML."""
    return "" if shape is None else _members(answer, shape, is_ec2=is_ec2)


def _members(value: Mapping[str, Any], shape: StructureShape, *, is_ec2: bool) -> str:
    parts: list[str] = []
    for name, each in value.items():
        if each is not None and name in shape.members:
            member = shape.members[name]
            parts.append(_element(str(member.serialization.get("name", name)), each, member, is_ec2=is_ec2))
    return "".join(parts)


def _element(name: str, value: Any, shape: Any, *, is_ec2: bool) -> str:
    match shape.type_name:
        case "structure":
            return element(name, _members(value, shape, is_ec2=is_ec2))
        case "list":
            item = str(shape.member.serialization.get("name", "item" if is_ec2 else "member"))
            if shape.serialization.get("flattened"):
                return "".join(_element(name, each, shape.member, is_ec2=is_ec2) for each in value)
            return element(name, *(_element(item, each, shape.member, is_ec2=is_ec2) for each in value))
        case "map":
            entries = (
                element("entry", text_element("key", key), _element("value", each, shape.value, is_ec2=is_ec2))
                for key, each in value.items()
            )
            return element(name, *entries)
        case "timestamp":
            return text_element(name, f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value)
        case "boolean":
            return text_element(name, str(value).lower())
        case _:
            return text_element(name, value)
