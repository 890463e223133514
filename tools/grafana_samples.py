"""Answers of data sources to the panels of a dashboard in Grafana, from made-up values.

A real Prometheus with the samples of a fleet answers PromQL; CloudWatch's metrics are those of ``dashboard_pictures``.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import yaml

from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.local.prometheus.server import Prometheus
from cdk_penstock.local.rest import JsonClient
from stacks.vehicle_metrics.alerting import RULES
from tools.dashboard_pictures import FAILURE, MINUTES, STREAMS, TASKS, UPDATE, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

NOW: Final = int(datetime(2026, 11, 27, 14, 0, tzinfo=UTC).timestamp())
START: Final = NOW - 180 * 60
_STEP_SECONDS: Final = 15
_MODELS: Final = {"Sedan": 0.34, "SUV": 0.27, "Truck": 0.2, "Van": 0.18, "unknown": 0.01}
_REGIONS: Final = {"EU": 0.35, "US": 0.3, "Asia": 0.22, "Africa": 0.13}
_DELAY_SECONDS: Final = 6
_SILENT_MINUTES: Final = (172.0, 173.5)
_RISE_MINUTE: Final = 168.0
_ALERT_MINUTES: Final = (30.0, 50.0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a panel: its name, its query, its epoch seconds and its values."""

    name: str
    query: str
    seconds: Values
    values: Values


def recorded() -> dict[str, str]:
    """Return the expression of each recording rule of the workspace."""
    groups = yaml.safe_load(RULES["recording"].read_text(encoding="utf-8"))["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"]}


def without_rules(query: str) -> str:
    """Return a query in which each recorded series stands as its rule's expression, for a Prometheus without rules."""
    for name, expression in recorded().items():
        query = re.sub(rf"{name}\{{[^}}]*\}}", lambda _, inner=expression: f"({inner})", query)  # type: ignore[misc]
    return query


def fleet_samples() -> str:
    """Return three hours of a fleet in the format of OpenMetrics, without samples after the update and the failure.

    Shortly before the end, a region's vehicles do not report for a while, and the warnings of a model rise.
    """
    lines: list[str] = []
    random = np.random.default_rng(7)
    seconds = np.arange(START, NOW + 1, _STEP_SECONDS) - _DELAY_SECONDS
    minutes = (seconds - START) / 60

    def within(first: float, last: float) -> NDArray[np.bool_]:
        return (minutes >= first) & (minutes < last)

    running = ~(within(UPDATE, UPDATE + 3) | within(FAILURE, FAILURE + 2))
    moving: list[str] = []
    warnings: list[str] = []
    for index, (model, share) in enumerate(_MODELS.items()):
        for region, part in _REGIONS.items():
            silent = within(*_SILENT_MINUTES) & (region == "Africa")
            wave = 1 + 0.15 * np.sin(minutes / 3 + index) + random.normal(0, 0.02, seconds.size)
            count = np.round(9_000 * share * part * wave)
            rate = (0.02 + 0.004 * index) * (1 + 1.5 * ((minutes > _RISE_MINUTE) & (model == "Van")))
            kept = running & ~silent
            labels = f'{{model="{model}",region="{region}"}}'
            for into, name, values in (
                (moving, "vehicles_in_motion", count),
                (warnings, "warnings", np.round(count * rate)),
            ):
                into += [f"{name}{labels} {v:g} {s}" for v, s in zip(values[kept], seconds[kept], strict=True)]
    firing = seconds[within(*_ALERT_MINUTES)]
    alerts = [f'ALERTS{{alertname="UnknownModels",alertstate="firing",severity="ticket"}} 1 {s}' for s in firing]
    for name, samples in (("vehicles_in_motion", moving), ("warnings", warnings), ("ALERTS", alerts)):
        lines += [f"# TYPE {name} gauge", *samples]
    return "\n".join([*lines, "# EOF", ""])


class Answers:
    """The lines of a dashboard's panels; a context manager, which runs Prometheus in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = Prometheus(folder)

    def __enter__(self) -> Self:
        """Write the samples and start Prometheus."""
        self._folder.mkdir(parents=True, exist_ok=True)
        samples = self._folder / "samples.txt"
        samples.write_text(fleet_samples(), encoding="utf-8")
        promtool = find_prometheus().program.with_name("promtool")
        command: list[str | Path] = [
            promtool,
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            samples,
            self._folder / "data",
        ]
        subprocess.run(command, check=True, capture_output=True)
        self._server.__enter__()
        self._client = JsonClient(self._server.url, timeout_seconds=30.0)
        return self

    def __exit__(self, *details: object) -> None:
        """Stop Prometheus."""
        self._server.__exit__(None, None, None)

    def lines(self, panel: Mapping[str, Any], range_minutes: int) -> list[Line]:
        """Return what a panel shows of the last minutes; an instant query gives lines with one value."""
        return [line for target in panel["targets"] for line in self._of_target(panel, target, range_minutes)]

    def _of_target(self, panel: Mapping[str, Any], target: Mapping[str, Any], minutes: int) -> Iterator[Line]:
        if "expr" not in target:
            yield from cloudwatch_lines(panel["targets"], target)
            return
        query = without_rules(re.sub(r"\$\w+", ".*", target["expr"]))
        if target["instant"]:
            answer = self._client.get("/api/v1/query", {"query": query, "time": str(NOW)})
        else:
            asked = {"query": query, "start": str(NOW - minutes * 60), "end": str(NOW), "step": panel["interval"]}
            answer = self._client.get("/api/v1/query_range", asked)
        for each in answer["data"]["result"]:
            points = np.array(each.get("values") or [each["value"]], dtype=float)
            name = re.sub(r"\{\{(\w+)\}\}", lambda label, of=each["metric"]: of[label[1]], target["legendFormat"])  # type: ignore[misc]
            yield Line(name=name, query=target["refId"], seconds=points[:, 0], values=points[:, 1])


def cloudwatch_lines(targets: list[dict[str, Any]], target: Mapping[str, Any]) -> Iterator[Line]:
    """Return the lines of a query of CloudWatch, or of an expression over other queries of its panel."""
    seconds = START + MINUTES * 60
    if target.get("hide"):
        return
    if "expression" in target:
        names = {each["id"]: each["metricName"] for each in targets if "metricName" in each}
        values = np.sum([sample(names[part]) for part in target["expression"].split(" + ")], axis=0)
        yield Line(name=target["label"], query=target["refId"], seconds=seconds, values=values)
        return
    values = sample(target["metricName"], target["dimensions"]["Application"][0])
    others = [dimension for dimension, value in target["dimensions"].items() if value == ["*"]]
    if not others:
        yield Line(name=target["label"], query=target["refId"], seconds=seconds, values=values)
        return
    for index, name in enumerate(TASKS if "Task" in others else STREAMS):
        yield Line(name=name, query=target["refId"], seconds=seconds, values=values * (1 - 0.25 * index))
