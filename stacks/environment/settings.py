"""Base of all parts of an environment's file."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

_Given = TypeVar("_Given")
_Checked = TypeVar("_Checked")


class Settings(BaseModel):
    """Values that are read once: immutable, of exactly the written type, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def allowed(check: Callable[[_Given], _Checked], value: _Given) -> _Checked:
    """Return the check's answer, with penstock's errors in the form that pydantic collects."""
    try:
        return check(value)
    except PenstockError as error:
        raise ValueError(str(error)) from error


def text_of_form(pattern: str, expected: str) -> AfterValidator:
    """Return a check of a text's form, which says in words what it expects."""
    form = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(f"got {text!r}, expected {expected}")
        return text

    return AfterValidator(check)


def shown(value: object) -> str:
    """Return a value nearly as it stands in the file."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case dt.date() | dt.time():
            return f"the date or time {value.isoformat()}"
        case _:
            return repr(value)


def _whole_number(value: object) -> object:
    if type(value) is not int:
        raise ValueError(f"got {shown(value)}, expected a whole number")
    return value


WHOLE_NUMBER: Final = BeforeValidator(_whole_number)
"""A choice between numbers takes what equals one, ``2.0`` and ``true``, even where it is strict; this does not."""
