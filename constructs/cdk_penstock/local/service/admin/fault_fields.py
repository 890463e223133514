"""The faults of an application as a JSON object."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.admin_answers import AdminRequestError
from cdk_penstock.local.service.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.admin_answers import AdminCall


_MOST_THROTTLED_CALLS: Final = 1_000_000
_LONGEST_TRANSITION_SECONDS: Final = 86_400.0


def finite_number(name: str, value: object, most: float) -> float:
    """Return a number from 0 on; raise AdminRequestError for anything else."""
    # In Python, True is a number.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most or math.isnan(value):
        raise AdminRequestError(f"got {name} {value!r}, expected a number of seconds from 0 to {most:g}")
    return float(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise AdminRequestError(f"got {name} {value!r}, expected true or false")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_THROTTLED_CALLS:
        raise AdminRequestError(
            f"got {name} {value!r}, expected a whole number of calls from 0 to {_MOST_THROTTLED_CALLS}"
        )
    return value


def _transition(name: str, value: object) -> float | None:
    return None if value is None else finite_number(name, value, _LONGEST_TRANSITION_SECONDS)


_READERS: Final[Mapping[str, Callable[[str, object], Any]]] = {
    "failing_snapshots": _flag,
    "hanging_operations": _flag,
    "looping_job": _flag,
    "throttled_calls": _count,
    "transition_seconds": _transition,
}


def requested_faults(call: AdminCall) -> Faults:
    """Return the faults that a request asks for; a field that it leaves out is no fault.

    Raises
    ------
    AdminRequestError
        A field is unknown, or has another type or an impossible value.
    """
    given = call.document(frozenset(each.name for each in fields(Faults)))
    return Faults(**{name: _READERS[name](name, value) for name, value in given.items()})
