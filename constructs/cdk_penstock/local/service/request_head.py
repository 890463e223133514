"""The line and the headers of an HTTP request, raw, as a signature covers them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping


def unquoted(text: str) -> str:
    """Return text with its percent-encoded bytes decoded; what is not UTF-8 becomes a lone surrogate."""
    return unquote_to_bytes(text.encode("latin-1")).decode("utf-8", "surrogateescape")


def _header_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


@dataclass(frozen=True, kw_only=True)
class RequestHead:
    """The line and the headers of a request.

    Parameters
    ----------
    method, path, query
        As they came over the wire, percent-encoded.
    headers
        Names in lowercase and values, in their order.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Self:
        """Return the head of the request that an ASGI server received."""
        return cls(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=tuple((name.decode("latin-1"), _header_text(value)) for name, value in scope["headers"]),
        )

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None if there is none."""
        return next((value for each, value in self.headers if each == name), None)

    @cached_property
    def query_parameters(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the query, decoded, in their order."""
        pairs = [pair.partition("=") for pair in self.query.split("&") if pair]
        return tuple((unquoted(name), unquoted(value)) for name, _, value in pairs)

    def parameter(self, name: str) -> str | None:
        """Return the first value of a parameter of the query, None if there is none."""
        return next((value for each, value in self.query_parameters if each == name), None)
