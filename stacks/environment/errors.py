"""Errors of an environment's file, in the words of TOML rather than of pydantic."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final, get_args

from stacks.environment import Environment
from stacks.environment.settings import Settings, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

_TABLES: Final = {
    "application": "a table [application]",
    "code": "a table with folder, package or bucket",
    "events": "a table [events] with cluster_name",
    "key_administrators": "a table with roles or permission_sets",
    "metrics": "a table [metrics] with workspace_name",
}
_TYPES: Final = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "int_type": "a whole number",
    "list_type": "a list in square brackets",
    "model_type": "a table",
    "string_type": "text in quotes",
}


def explain(details: ErrorDetails) -> str:
    """Return one mistake: its key, what was got, what is expected, and the fix where it can be told."""
    location = details["loc"]
    key = ".".join(str(part) for part in location)
    return f"{key}: {_mistake(details)}" if key else _mistake(details)


def _mistake(details: ErrorDetails) -> str:
    location, got, context = details["loc"], shown(details["input"]), details.get("ctx", {})
    match details["type"]:
        case "missing":
            return f"is missing, expected {_expected(location)}"
        case "extra_forbidden":
            return f"is no key of an environment (got {got}): {_advice(location)}"
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "model_type":
            return f"got {got}, expected {_TABLES.get(str(location[-1]), 'a table')}"
        case "greater_than_equal":
            return f"got {got}, expected at least {context['ge']}"
        case "less_than_equal":
            return f"got {got}, expected at most {context['le']}"
        case kind:
            return f"got {got}, expected {_TYPES.get(kind) or details['msg'].removeprefix('Input should be ')}"


def _expected(location: Sequence[int | str]) -> str:
    return _TABLES.get(str(location[-1]), "a value")


def _advice(location: Sequence[int | str]) -> str:
    """Return what to do about an unknown key: the nearest one beside it, or the table that it belongs in."""
    name, table = str(location[-1]), ".".join(map(str, location[:-1]))
    known = dict(_keys_of_tables())
    homes = [f"in [{other}]" if other else "before the first table" for other, names in known.items() if name in names]
    near = difflib.get_close_matches(name, known[table], n=1)
    advice = [f"did you mean {near[0]!r}?"] if near else []
    advice += [f"it belongs {' or '.join(homes)}"] if homes else []
    return " or: ".join(advice) or f"remove it, known are {', '.join(known[table])}"


def _keys_of_tables(model: type[Settings] = Environment, table: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield each table of an environment's file with its keys; the name is that of the file, and no key."""
    yield table, [name for name in model.model_fields if (table, name) != ("", "name")]
    for name, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            yield from _keys_of_tables(inner, f"{table}.{name}" if table else name)


def _models_in(annotation: Any) -> list[type[Settings]]:
    return [
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, Settings)
    ]
