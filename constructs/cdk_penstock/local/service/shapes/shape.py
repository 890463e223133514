"""The base of all shapes, and the mistakes that a shape finds: those of a client, and those of penstock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

NOT_NULL: Final = "Member must not be null"
_SHOWN_CHARACTERS: Final = 256
_SHOWN_PROBLEMS: Final = 10


class UnexpectedAnswerError(RuntimeError):
    """An answer that the service's model does not allow: a mistake in penstock, not of its client."""

    def __init__(self, at: str, expected: str, got: object) -> None:
        super().__init__(f"{at or 'the answer'} must be {expected}, got {_shown(got)}")


class Problems:
    """The constraints that a request fails to satisfy, in AWS's words."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, value: object, at: str, constraint: str) -> None:
        """Add a constraint that the value at this path does not satisfy."""
        shown = "null" if value is None else f"'{_shown(value)}'"
        place = f"at '{_shown(at)}' " if at else ""
        self._texts.append(f"Value {shown} {place}failed to satisfy constraint: {constraint}")

    def refuse(self) -> None:
        """Raise RefusedCallError if there is a problem; it lists the first ones."""
        if self._texts:
            count = len(self._texts)
            errors = "validation error" if count == 1 else "validation errors"
            raise RefusedCallError(
                RefusalCode.INVALID_ARGUMENT, f"{count} {errors} detected: {'; '.join(self._texts[:_SHOWN_PROBLEMS])}"
            )


class Shape(ABC):
    """A shape of the service's model, between JSON and Python values."""

    @abstractmethod
    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the Python value of a value of a request, and add the constraints that it does not satisfy.

        The result has a meaning only if no problem was added.
        """

    @abstractmethod
    def write(self, value: object, at: str) -> Any:
        """Return the JSON value of a value of an answer.

        Raises
        ------
        UnexpectedAnswerError
            The value is not of this shape.
        """


def length_problem(length: int, *, least: int | None, most: int | None) -> str:
    """Return the constraint that a length does not satisfy, or an empty text."""
    if least is not None and length < least:
        return f"Member must have length greater than or equal to {least}"
    if most is not None and length > most:
        return f"Member must have length less than or equal to {most}"
    return ""


def _shown(value: object) -> str:
    # Containers are counted, not printed: their text may be long, and too deep for repr.
    if isinstance(value, dict):
        return f"a structure of {len(value)} members"
    if isinstance(value, list):
        return f"a list of {len(value)} members"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
