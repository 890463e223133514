"""The findings of a demonstration, and the table that is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.local.flink.jobs import CheckpointStatistics
    from cdk_penstock.local.prometheus.samples import Sample
    from cdk_penstock.local.report.layout import ReportLayout

MINUTE_MS: Final = 60_000


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The addresses of the components while they run."""

    msf: str
    flink: str
    prometheus: str
    kafka: str


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One line of the table of metrics: one metric of one group of series, their other label summed up."""

    metric: str
    group: str
    summed: int
    samples: int
    mean: float
    peak: float
    last: float


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """Everything that a demonstration found; ``problems`` is empty if all is as it should be.

    ``seconds`` is the time from the first event until all were read, ``dead_letters`` counts records by reason,
    ``layout`` is how they are shown.
    """

    layout: ReportLayout
    samples: Sequence[Sample]
    events: int
    seconds: float
    dead_letters: Mapping[str, int]
    restarts: int
    checkpoints: CheckpointStatistics
    addresses: Addresses
    window_seconds: int
    problems: Sequence[str]
    checked: str

    @property
    def events_per_second(self) -> float:
        """Events that the pipeline took per second, on average."""
        return self.events / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the verdict and the figures for scripts; the samples themselves are in the report."""
        return {
            "passed": not self.problems,
            "problems": list(self.problems),
            "checked": self.checked,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "eventsPerSecond": round(self.events_per_second, 1),
            "samples": len(self.samples),
            "deadLetters": dict(self.dead_letters),
            "restarts": self.restarts,
            "checkpoints": {
                "completed": self.checkpoints.completed,
                "failed": self.checkpoints.failed,
                "durationAverageMs": self.checkpoints.duration_average_ms,
                "sizeMaxBytes": self.checkpoints.size_max_bytes,
            },
        }


def metric_rows(samples: Sequence[Sample], layout: ReportLayout) -> list[MetricRow]:
    """Return the table of metrics: a line for each value of one label, the other label summed up."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.metric, sample.label(layout.by)), []).append(sample)
    rows = []
    for (metric, group), members in sorted(groups.items()):
        totals: dict[int, float] = {}
        for sample in members:
            totals[sample.timestamp_ms] = totals.get(sample.timestamp_ms, 0.0) + sample.value
        rows.append(
            MetricRow(
                metric=metric,
                group=group,
                summed=len({sample.label(layout.over) for sample in members}),
                samples=len(members),
                mean=sum(totals.values()) / len(totals),
                peak=max(totals.values()),
                last=totals[max(totals)],
            )
        )
    return rows


def graph_url(prometheus: str, layout: ReportLayout, *, begin_ms: int, end_ms: int) -> str:
    """Return the address of Prometheus's own graphs of the metrics over a span of time, widened to whole minutes."""
    # The page knows no seconds.
    end_minute = -(-end_ms // MINUTE_MS)
    minutes = max(1, end_minute - begin_ms // MINUTE_MS)
    end = datetime.fromtimestamp(end_minute * MINUTE_MS / 1000, tz=UTC)
    parameters: dict[str, str] = {}
    for number, metric in enumerate(layout.metrics):
        parameters |= {
            f"g{number}.expr": f"sum by ({layout.by}) ({metric})",
            f"g{number}.tab": "0",
            f"g{number}.range_input": f"{minutes}m",
            f"g{number}.end_input": end.strftime("%Y-%m-%d %H:%M"),
        }
    return f"{prometheus}/graph?{urlencode(parameters)}"
