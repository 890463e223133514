"""The dashboard of the vehicle job: what moves and what warns, now and over time.

The queries are plain PromQL over the job's two metrics (docs/job.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.observability.panels import LabelledMetrics, bars, dashboard_of, number, over_time
from vehicle_metrics.contract import MODEL, REGION, VEHICLES_IN_MOTION, WARNINGS, Job

if TYPE_CHECKING:
    from cdk_penstock.observability import Dashboard, PrometheusDataSource
    from cdk_penstock.observability.panels import Panel

_METRICS: Final = LabelledMetrics(metrics=(VEHICLES_IN_MOTION, WARNINGS), labels=(MODEL, REGION))
_WINDOW_SECONDS: Final = Job.window_seconds.default or 0
_NOW: Final = "the newest window of the last minute"
_GAPS: Final = "A gap is a minute without a sample: nothing reported, or the job has stopped"


def connected_vehicles(data_source: PrometheusDataSource) -> Dashboard:
    """Return the dashboard over a data source with the job's metrics.

    It has the variables ``model`` and ``region``, each with several values or all, and refreshes every ten seconds.
    """
    moving, warning = _METRICS.total(VEHICLES_IN_MOTION), _METRICS.total(WARNINGS)
    panels: list[Panel] = [
        number("Vehicles in motion now", moving, "Vehicles of which a motor turned in the last window"),
        number("Warnings now", warning, "Active warnings of the vehicles that reported in the last window"),
        # A model without motor events may have warnings, and the reverse.
        number("Models", _METRICS.count(MODEL), "Models of which vehicles report"),
        number("Regions", _METRICS.count(REGION), "Regions from which vehicles report"),
        _over_time("Vehicles in motion over time", moving, "in motion", f"Their sum. {_GAPS}"),
        _over_time("Warnings over time", warning, "warnings", f"Their sum. {_GAPS}"),
    ]
    for label in (MODEL, REGION):
        for metric, title in ((VEHICLES_IN_MOTION, "Vehicles in motion"), (WARNINGS, "Warnings")):
            query = _METRICS.by(metric, label)
            panels.append(bars(f"{title} now by {label}", query, label, f"For each {label}: {_NOW}"))
            panels.append(
                _over_time(f"{title} over time by {label}", query, f"{{{{{label}}}}}", f"For each {label}. {_GAPS}")
            )
    return dashboard_of(
        "connected-vehicles",
        title="Connected vehicles",
        description="Vehicles in motion and warnings, by model and region, from the vehicle job",
        metrics=_METRICS,
        panels=panels,
        data_source=data_source,
    )


def _over_time(title: str, query: str, legend: str, description: str) -> Panel:
    return over_time(title, query, legend, window_seconds=_WINDOW_SECONDS, description=description)
