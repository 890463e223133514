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
    match shape.type_name:
        case "structure":
            return _structure(form, shape, f"{name}.", is_ec2=is_ec2) or None
        case "list":
            return _list(form, shape, name, is_ec2=is_ec2)
        case "map":
            return _map(form, shape, name, is_ec2=is_ec2) or None
    text = form.get(name)
    if text is None:
        return None
    match shape.type_name:
        case "boolean":
            return text.lower() == "true"
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case _:
            return text


def _list(form: dict[str, str], shape: ListShape, name: str, *, is_ec2: bool) -> list[Any] | None:
    member_name = shape.member.serialization.get("name")
    if is_ec2:
        prefix = name
    elif shape.serialization.get("flattened"):
        # The name of the member stands in the place of the list's.
        prefix = ".".join([*name.split(".")[:-1], str(member_name)]) if member_name else name
    else:
        prefix = f"{name}.{member_name or 'member'}"
    found: list[Any] = []
    while (value := _value(form, shape.member, f"{prefix}.{len(found) + 1}", is_ec2=is_ec2)) is not None:
        found.append(value)
    return found if found or name in form else None


def _map(form: dict[str, str], shape: MapShape, name: str, *, is_ec2: bool) -> dict[str, Any]:
    entry = name if shape.serialization.get("flattened") else f"{name}.entry"
    key_name, value_name = (
        str(each.serialization.get("name", default)) for each, default in ((shape.key, "key"), (shape.value, "value"))
    )
    found: dict[str, Any] = {}
    while (key := form.get(f"{entry}.{len(found) + 1}.{key_name}")) is not None:
        found[key] = _value(form, shape.value, f"{entry}.{len(found) + 1}.{value_name}", is_ec2=is_ec2)
    return found
