"""Pages of the keys of a bucket."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MOST_KEYS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of a listing: keys, prefixes up to the delimiter, and the token of the next page, empty at the end."""

    keys: Sequence[str]
    common_prefixes: Sequence[str]
    next_token: str
    most: int


def page_of(keys: Sequence[str], parameters: Mapping[str, str]) -> Page:
    """Return a page of these keys, which are in order and have the prefix.

    Raises
    ------
    ObjectStoreError
        A parameter is not valid.
    """
    most = _most(parameters)
    after = _decoded(token) if (token := parameters.get("continuation-token")) else parameters.get("start-after", "")
    delimiter, prefix = parameters.get("delimiter", ""), parameters.get("prefix", "")
    last = after
    found: list[str] = []
    prefixes: list[str] = []
    for key in keys:
        entry, is_prefix = _entry(key, prefix, delimiter)
        # Keys below a prefix that was listed already belong to it.
        if _order(key) <= _order(after) or (is_prefix and entry == last):
            continue
        if len(found) + len(prefixes) == most:
            return Page(keys=found, common_prefixes=prefixes, next_token=_encoded(last) if most else "", most=most)
        (prefixes if is_prefix else found).append(entry)
        last = entry
    return Page(keys=found, common_prefixes=prefixes, next_token="", most=most)


def _entry(key: str, prefix: str, delimiter: str) -> tuple[str, bool]:
    """Return the entry of the listing that a key belongs to, and True if that is a common prefix."""
    head, found, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else (key, "", "")
    return (f"{prefix}{head}{found}", True) if found else (key, False)


def _most(parameters: Mapping[str, str]) -> int:
    text = parameters.get("max-keys", str(MOST_KEYS))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - digits of S3's int
        raise ObjectStoreError(ObjectErrorCode.INVALID_ARGUMENT, f"expected a number in max-keys, got {text!a}")
    return min(int(text), MOST_KEYS)


def _order(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_ARGUMENT, f"expected the continuation-token of a listing, got {token!a}"
        ) from error
