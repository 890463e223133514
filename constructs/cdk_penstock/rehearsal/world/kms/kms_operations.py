"""The form of KMS's operations, which are written in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.world.service_answers import CallScope, ServiceRefusedError

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.kms.key_record import Key
    from cdk_penstock.rehearsal.world.kms.stored_keys import StoredKeys

Parameters = Mapping[str, Any]
Answer = Mapping[str, Any]
KmsOperation = Callable[[Parameters, "Actor", CallScope], Answer]
_PAGE: Final = 100


class OperationGroup:
    """Operations on the keys of the world.

    Parameters
    ----------
    keys
        The keys.
    """

    def __init__(self, keys: StoredKeys) -> None:
        self._keys = keys

    def _key(self, parameters: Parameters, scope: CallScope) -> Key:
        return self._keys.named(str(parameters["KeyId"]), scope)


def invalid(message: str) -> ServiceRefusedError:
    """Return the error of a parameter that is out of its limits."""
    return ServiceRefusedError("ValidationException", message)


def page(name: str, rows: list[dict[str, Any]], given: Parameters) -> Answer:
    """Return a page of an answer, after the position in its marker."""
    text = given.get("Marker", "0")
    if not text.isdecimal():
        raise ServiceRefusedError("InvalidMarkerException", f"Marker {text} is not valid.")
    begin = int(text)
    end = begin + given.get("Limit", _PAGE)
    more = {"Truncated": True, "NextMarker": str(end)} if end < len(rows) else {"Truncated": False}
    return {name: rows[begin:end], **more}
