"""Keys of resources whose service uses them in a way that is not modelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.rehearsal.engine.resources import Wanted


def key_not_judged(wanted: Wanted) -> str:
    """Return the reason for which the use of a resource's key is not proven, empty if it names no key."""
    keys = dict.fromkeys(_keys(wanted.properties))
    return f"its service's use of the key {' and '.join(keys)} is not judged" if keys else ""


def _keys(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, each in value.items():
                if isinstance(each, str) and _names_a_key(name, each):
                    yield each
                else:
                    yield from _keys(each)
        case list():
            for each in value:
                yield from _keys(each)


def _names_a_key(name: str, value: str) -> bool:
    """Return True for the key of a property such as ``KmsKeyId`` or ``DataVolumeKMSKeyId``."""
    lowered = name.lower()
    is_property = (name.isalnum() and "kms" in lowered and "key" in lowered) or lowered == "keyarn"
    return is_property and bool(value) and not value.startswith("alias/aws/")
