"""Quantities in templates: numbers, texts, and values that only the deployment knows."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.review.templates import Resource

_MOST: Final = 10**9


def integer(resource: Resource, path: str, default: int | None = None) -> int:
    """Return the whole number at a path, or the default if it is absent."""
    value = resource.get(path)
    if value is None:
        if default is not None:
            return default
        raise PenstockError(f"the template does not say {path}")
    try:
        number = int(value)
    except (OverflowError, TypeError, ValueError) as error:
        raise PenstockError(f"{path} is known only at the deployment") from error
    if not 0 <= number <= _MOST:
        raise PenstockError(f"{path} is {reprlib.repr(number)}, which no resource has")
    return number


def text(resource: Resource, path: str, default: str | None = None) -> str:
    """Return the text at a path, or the default if it is absent."""
    value = resource.get(path)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        reason = "is known only at the deployment" if value is not None else "is not in the template"
        raise PenstockError(f"{path} {reason}")
    return value


def price_of(prices: Mapping[str, float], name: str, table: str) -> float:
    """Return the price of an instance or volume type."""
    if name not in prices:
        raise PenstockError(f"there is no price for {name}: add it to [{table}] in a price file (--prices)")
    return prices[name]
