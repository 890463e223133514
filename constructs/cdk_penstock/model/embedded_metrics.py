"""Metrics that a function writes into its log, from which CloudWatch takes them: no call, and no permission.

Source: Amazon CloudWatch, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

METRICS_OF_PENSTOCK: Final = "Penstock"
"""The namespace of the metrics of penstock's own functions."""


def embedded_metrics(
    values: Mapping[str, float],
    *,
    dimensions: Mapping[str, str],
    at: datetime,
    told: Mapping[str, object],
    seconds: frozenset[str] = frozenset(),
) -> str:
    """Return a line of a log with metrics.

    Parameters
    ----------
    values
        The metrics by their names: counts, but for those in ``seconds``.
    dimensions
        Their dimensions.
    at
        Their time.
    told
        What else the line tells its reader.
    seconds
        The names of the metrics whose unit is seconds.
    """
    directive = {
        "Namespace": METRICS_OF_PENSTOCK,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": "Seconds" if name in seconds else "Count"} for name in values],
    }
    head = {"_aws": {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}}
    return json.dumps({**told, **dimensions, **values, **head})
