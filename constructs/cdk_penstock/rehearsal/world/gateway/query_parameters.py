"""Parameters of the query protocols of AWS, ``Name.member.1.Key`` and the like, by the shape of the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape, StructureShape


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def read_query(form: dict[str, str], shape: StructureShape, *, is_ec2: bool) -> dict[str, Any]:
    """Return the parameters of a form, by their names in the shape."""
    return _structure(form, shape, "", is_ec2=is_ec2)


def _structure(form: dict[str, str], shape: StructureShape, prefix: str, *, is_ec2: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        value = _value(form, member, f"{prefix}{_wire_name(name, member, is_ec2=is_ec2)}", is_ec2=is_ec2)
        if value is not None:
            found[name] = value
    return found


def _wire_name(name: str, member: Shape, *, is_ec2: bool) -> str:
    if is_ec2 and "queryName" in member.serialization:
        return str(member.serialization["queryName"])
    wire = str(member.serialization.get("name", name))
    return wire[0].upper() + wire[1:] if is_ec2 else wire


def _value(form: dict[str, str], shape: Any, name: str, *, is_ec2: bool) -> Any:
    if shape.type_name == "structure":
        return _structure(form, shape, f"{name}.", is_ec2=is_ec2) or None
    if shape.type_name == "list":
        return _list(form, shape, name, is_ec2=is_ec2) or None
    if shape.type_name == "map":
        return _map(form, shape, name, is_ec2=is_ec2) or None
    text = form.get(name)
    if text is None or shape.type_name == "string":
        return text
    if shape.type_name == "boolean":
        return text.lower() == "true"
    return int(text) if shape.type_name in {"integer", "long"} else text


def _list(form: dict[str, str], shape: ListShape, name: str, *, is_ec2: bool) -> list[Any]:
    is_flat = is_ec2 or shape.serialization.get("flattened")
    item = "" if is_flat else f".{shape.member.serialization.get('name', 'member')}"
    found: list[Any] = []
    while (value := _value(form, shape.member, f"{name}{item}.{len(found) + 1}", is_ec2=is_ec2)) is not None:
        found.append(value)
    return found


def _map(form: dict[str, str], shape: MapShape, name: str, *, is_ec2: bool) -> dict[str, Any]:
    entry = name if shape.serialization.get("flattened") else f"{name}.entry"
    found: dict[str, Any] = {}
    while (key := form.get(f"{entry}.{len(found) + 1}.key")) is not None:
        found[key] = _value(form, shape.value, f"{entry}.{len(found) + 1}.value", is_ec2=is_ec2)
    return found
