"""Checks of synthesized templates, and reviews of what they allow.

The checks need the CDK; the reviews read files only, so this package imports nothing before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.review.msf_checks import MsfChecks, add_checks

__all__ = ("MsfChecks", "add_checks")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from penstock.review import msf_checks  # noqa: PLC0415 (importing the CDK takes half a second)

    return getattr(msf_checks, name)
