"""Metrics of an application in the log of a function."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cdk_penstock.model.embedded_metrics import embedded_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def write_metrics(
    values: Mapping[str, float],
    *,
    dimensions: Mapping[str, str],
    at: datetime,
    seconds: frozenset[str] = frozenset(),
    **told: object,
) -> None:
    """Write one line with metrics, and what else is ``told``.

    It goes to the output and not through ``logging``, whose lines begin with a level: CloudWatch takes metrics only
    from a line that is JSON.
    """
    line = embedded_metrics(values, dimensions=dimensions, at=at, told=told, seconds=seconds)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
