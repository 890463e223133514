"""The dashboards of the vehicle job in Grafana: what moves and what warns, and one for people on call.

The queries are plain PromQL over the job's two metrics (docs/job.md) and what the workspace's rules record of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.metrics import MetricsLevel
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.observability.grafana_builders import THIRD, reference_to
from cdk_penstock.observability.operations_dashboard import operations_dashboard
from cdk_penstock.observability.panels import LabelledMetrics, bars, dashboard_of, number, over_time
from stacks.vehicle_metrics.counters import COUNTERS
from vehicle_metrics.contract import MODEL, REGION, VEHICLES_IN_MOTION, WARNINGS, Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.observability import CloudWatchDataSource, Dashboard, PrometheusDataSource
    from cdk_penstock.observability.grafana_builders import Panel
    from stacks.environment import ApplicationSettings

_METRICS: Final = LabelledMetrics(metrics=(VEHICLES_IN_MOTION, WARNINGS), labels=(MODEL, REGION))
_ALL: Final = LabelledMetrics(metrics=(VEHICLES_IN_MOTION, WARNINGS), labels=())
_WINDOW_SECONDS: Final = Job.window_seconds.default or 0
_NOW: Final = "the newest window of the last minute"
_GAPS: Final = "A gap is a minute without a sample: nothing reported, or the job has stopped"
_NOTHING: Final = "No data: nothing reported within the last minute"
_AGE: Final = (
    "Time since the newest sample, in event time: some seconds more than a window. Above a minute, the job, its source"
    " or the way to Prometheus has stopped, and the other figures are missing. No data: none within an hour"
)
_UNKNOWN: Final = "unknown"
"""The model of vehicles that the table of models does not have (docs/job.md)."""
_RATIO_OF_AN_HOUR: Final = f'{MODEL}:warnings_per_vehicle:ratio1h{{{MODEL}=~"${MODEL}"}}'
_STALE_FROM: Final = {30.0: "yellow", 60.0: "red"}


def connected_vehicles(data_source: PrometheusDataSource, *, links: Mapping[str, str] | None = None) -> Dashboard:
    """Return the dashboard over a data source with the job's metrics; ``links`` are URLs by their title.

    It has the variables ``model`` and ``region``, each with several values or all, and refreshes every ten seconds.
    """
    rows = {
        "Now": _now(_METRICS),
        "All over time": [
            _over_time("Vehicles in motion over time", _METRICS.total(VEHICLES_IN_MOTION), "in motion", "Their sum"),
            _over_time("Warnings over time", _METRICS.total(WARNINGS), "warnings", "Their sum"),
        ],
        "By model": [*_now_by(MODEL, _ratio_of_an_hour()), *_over_time_by(MODEL)],
        "By region": [*_now_by(REGION, _ratio_by_region()), *_over_time_by(REGION)],
    }
    return dashboard_of(
        "connected-vehicles",
        title="Connected vehicles",
        description="Vehicles in motion and warnings, by model and region, from the vehicle job",
        metrics=_METRICS,
        rows=rows,
        links=links,
        data_source=data_source,
    )


def vehicle_operations(
    application: ApplicationSettings,
    *,
    prometheus: PrometheusDataSource,
    cloudwatch: CloudWatchDataSource,
    links: Mapping[str, str] | None = None,
) -> Dashboard:
    """Return the dashboard of the vehicle job for people on call: MSF's metrics, and what arrives in Prometheus."""
    source = reference_to(prometheus)
    alerts = 'count(ALERTS{alertstate="firing"})'
    numbers: list[Panel] = [
        _age(_ALL),
        number(
            "Alerts now",
            f"{alerts} or vector(0)",
            "Alerts of Managed Prometheus that fire. The states of the alarms are on the dashboard in CloudWatch",
            steps={1: "red"},
        ),
    ]
    samples: list[Panel] = [
        _chart("Age of the newest sample over time", _ALL.age_over_time(), "age", f"{_AGE}. A gap: five minutes", "s"),
        _chart("Series over time", _ALL.series(), "series", f"Series with a sample in the last minute. {_GAPS}"),
        _chart(
            "Alerts over time",
            'count by (alertname) (ALERTS{alertstate="firing"})',
            "{{alertname}}",
            "Alerts of Managed Prometheus that fired. No data: none",
        ),
    ]
    return operations_dashboard(
        "vehicle-operations",
        title="Operations of the vehicle job",
        application_name=application.name,
        runtime=FlinkRuntime.of(application.runtime),
        metrics_level=MetricsLevel(application.metrics_level or MetricsLevel.APPLICATION),
        counters=COUNTERS,
        data_source=cloudwatch,
        numbers=[each.datasource(source) for each in numbers],
        rows={"Samples in Prometheus": [each.datasource(source) for each in samples]},
        links=links,
    )


def cloudwatch_url(application_name: str, *, region: str | None) -> str:
    """Return the URL of an application's dashboard in CloudWatch; without a Region, it is in the user's last one."""
    place = "" if region is None else f"?region={region}"
    name = application_name.replace(".", "-")
    return f"https://console.aws.amazon.com/cloudwatch/home{place}#dashboards/dashboard/{name}"


def _now(metrics: LabelledMetrics) -> list[Panel]:
    moving, warning = metrics.total(VEHICLES_IN_MOTION), metrics.total(WARNINGS)
    return [
        number("Vehicles in motion now", moving, f"Vehicles of which a motor turned in {_NOW}. {_NOTHING}"),
        number("Warnings now", warning, f"Active warnings of the vehicles that reported in {_NOW}. {_NOTHING}"),
        number(
            "Warnings per vehicle now",
            metrics.ratio(WARNINGS, VEHICLES_IN_MOTION),
            f"Warnings for each vehicle in motion, in {_NOW}. No data: no vehicle is in motion",
            decimals=3,
        ),
        _age(metrics),
        # A model without motor events may have warnings, and the reverse.
        number("Models", metrics.count(MODEL), f"Models of which vehicles report. {_NOTHING}"),
        number("Regions", metrics.count(REGION), f"Regions from which vehicles report. {_NOTHING}"),
        number("Series", metrics.series(), f"Series with a sample in the last minute. {_NOTHING}"),
        number(
            "Vehicles of no known model now",
            metrics.share(VEHICLES_IN_MOTION, MODEL, _UNKNOWN),
            "Share of the vehicles in motion whose model is not in the table of models. Above 5 % for a while, an alert"
            " asks for a newer table",
            unit="percentunit",
            decimals=1,
            steps={0.05: "yellow"},
        ),
    ]


def _age(metrics: LabelledMetrics) -> Panel:
    return number("Age of the newest sample", metrics.age(), _AGE, unit="s", steps=_STALE_FROM)


def _now_by(label: str, ratio: Panel) -> list[Panel]:
    return [
        *(
            bars(
                f"{title} now by {label}",
                _METRICS.by(metric, label),
                label,
                f"For each {label}: {_NOW}. {_NOTHING}",
                width=THIRD,
            )
            for metric, title in ((VEHICLES_IN_MOTION, "Vehicles in motion"), (WARNINGS, "Warnings"))
        ),
        ratio,
    ]


def _ratio_of_an_hour() -> Panel:
    return bars(
        "Warnings per vehicle in the last hour by model",
        _RATIO_OF_AN_HOUR,
        MODEL,
        "For each model, in all regions: a rule of the workspace records it. An alert compares it with a week ago",
        decimals=3,
        width=THIRD,
    )


def _ratio_by_region() -> Panel:
    return bars(
        "Warnings per vehicle now by region",
        _METRICS.ratio(WARNINGS, VEHICLES_IN_MOTION, REGION),
        REGION,
        f"For each region with vehicles in motion: {_NOW}",
        decimals=3,
        width=THIRD,
    )


def _over_time_by(label: str) -> list[Panel]:
    return [
        _over_time(f"{title} over time by {label}", _METRICS.by(metric, label), f"{{{{{label}}}}}", f"For each {label}")
        for metric, title in ((VEHICLES_IN_MOTION, "Vehicles in motion"), (WARNINGS, "Warnings"))
    ]


def _over_time(title: str, query: str, legend: str, description: str) -> Panel:
    return over_time(title, query, legend, window_seconds=_WINDOW_SECONDS, description=f"{description}. {_GAPS}")


def _chart(title: str, query: str, legend: str, description: str, unit: str = "short") -> Panel:
    # CloudWatch's panels beside it have a value a minute.
    return over_time(title, query, legend, window_seconds=60, description=description, unit=unit, width=THIRD)
