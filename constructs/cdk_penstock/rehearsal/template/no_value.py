"""The value that is none: a property with it is left out."""

from __future__ import annotations

from typing import Any, Final


class _NoValue:
    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE: Final = _NoValue()


def without_no_value(value: Any) -> Any:
    """Return a resolved value without the properties and items that have no value."""
    match value:
        case dict():
            return {key: without_no_value(each) for key, each in value.items() if each is not NO_VALUE}
        case list():
            return [without_no_value(each) for each in value if each is not NO_VALUE]
        case _:
            return value
