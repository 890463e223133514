"""Shapes of single values: text, numbers, booleans, timestamps and binary data."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.shapes.shape import Problems, Shape, UnexpectedAnswerError, length_problem

if TYPE_CHECKING:
    from collections.abc import Sequence


class TextShape(Shape):
    """Text, perhaps with a pattern, an enumeration or limits of its length."""

    def __init__(self, *, pattern: str | None, enum: Sequence[str], least: int | None, most: int | None) -> None:
        self._pattern: Final = pattern
        self._enum: Final = tuple(enum)
        self._least: Final = least
        self._most: Final = most

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the text."""
        if not isinstance(value, str):
            problems.add(value, at, "Member must be a string")
            return None
        if not _is_unicode(value):
            problems.add(value, at, "Member must be Unicode text, without a lone surrogate")
        elif constraint := length_problem(len(value), least=self._least, most=self._most):
            problems.add(value, at, constraint)
        elif self._enum and value not in self._enum:
            problems.add(value, at, f"Member must satisfy enum value set: [{', '.join(self._enum)}]")
        elif self._pattern is not None and not self._expression.fullmatch(value):
            problems.add(value, at, f"Member must satisfy regular expression pattern: {self._pattern}")
        return value

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        """The pattern, compiled when it is first needed: some that STS has are in a form that only Java knows."""
        # AWS writes its patterns for Java, whose classes such as \\s are ASCII.
        return re.compile(self._pattern or "", re.ASCII)

    def write(self, value: object, at: str) -> Any:
        """Return the text; its pattern and length are not checked, since some of AWS's own answers break them."""
        if not isinstance(value, str) or not _is_unicode(value):
            raise UnexpectedAnswerError(at, "text", value)
        if self._enum and value not in self._enum:
            raise UnexpectedAnswerError(at, f"one of {', '.join(self._enum)}", value)
        return value


def _is_unicode(text: str) -> bool:
    """Return False for text with a lone surrogate, which no encoding has: neither SQLite nor a file could keep it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class NumberShape(Shape):
    """A whole number of a number of bits, perhaps with limits."""

    def __init__(self, *, bits: int, least: int | None, most: int | None) -> None:
        self._bits: Final = bits
        self._least: Final = least
        self._most: Final = most

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the number."""
        if not self._is_number(value):
            problems.add(value, at, f"Member must be a whole number of {self._bits} bits")
        elif self._least is not None and value < self._least:  # type: ignore[operator]
            problems.add(value, at, f"Member must have value greater than or equal to {self._least}")
        elif self._most is not None and value > self._most:  # type: ignore[operator]
            problems.add(value, at, f"Member must have value less than or equal to {self._most}")
        return value

    def write(self, value: object, at: str) -> Any:
        """Return the number."""
        if not self._is_number(value):
            raise UnexpectedAnswerError(at, f"a whole number of {self._bits} bits", value)
        return value

    def _is_number(self, value: object) -> bool:
        bound = 1 << (self._bits - 1)
        return isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound


class BooleanShape(Shape):
    """True or false."""

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the boolean."""
        if not isinstance(value, bool):
            problems.add(value, at, "Member must be a boolean")
        return value

    def write(self, value: object, at: str) -> Any:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise UnexpectedAnswerError(at, "a boolean", value)
        return value


class TimeShape(Shape):
    """A time: epoch seconds with a fraction, or in a request ISO 8601 text as well."""

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the time in UTC; text without an offset is in UTC."""
        try:
            if isinstance(value, str):
                time = datetime.fromisoformat(value)
                return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            pass
        problems.add(value, at, "Member must be a timestamp: epoch seconds or ISO 8601 text, in the years 1 to 9999")
        return None

    def write(self, value: object, at: str) -> Any:
        """Return the time in epoch seconds, with a fraction."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise UnexpectedAnswerError(at, "a datetime with a time zone", value)
        return value.timestamp()


class BlobShape(Shape):
    """Binary data, as base64 in JSON, perhaps with limits of its length."""

    def __init__(self, *, least: int | None, most: int | None) -> None:
        self._least: Final = least
        self._most: Final = most

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the bytes."""
        try:
            data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
        except (binascii.Error, ValueError):
            data = None
        if data is None:
            problems.add(value, at, "Member must be base64 text")
        elif constraint := length_problem(len(data), least=self._least, most=self._most):
            problems.add(value, at, constraint)
        return data

    def write(self, value: object, at: str) -> Any:
        """Return base64 text."""
        if not isinstance(value, bytes):
            raise UnexpectedAnswerError(at, "bytes", value)
        return base64.b64encode(value).decode()
