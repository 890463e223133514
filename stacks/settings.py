"""What all parts of an environment's file have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("Settings", "allowed")

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
