"""Reading raw samples back from Prometheus, each with its exact timestamp and value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.rest import JsonClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Longer than any data can be: an instant query with a range returns raw samples, a range query would resample them.
EVERYTHING: Final = "36500d"
_MAX_TIMESTAMP_SECONDS: Final = 253402300799  # the end of the year 9999


@dataclass(frozen=True, kw_only=True, order=True)
class Sample:
    """One sample of one series; ``labels`` are pairs of name and value, sorted by name, without the metric's name."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    timestamp_ms: int
    value: float

    @classmethod
    def of(cls, metric: str, labels: Mapping[str, str], *, timestamp_ms: int, value: float) -> Sample:
        """Return a sample with these labels, in any order."""
        return cls(metric=metric, labels=tuple(sorted(labels.items())), timestamp_ms=timestamp_ms, value=value)

    def label(self, name: str) -> str:
        """Return a label's value, an empty text without the label, as Prometheus treats it."""
        return dict(self.labels).get(name, "")

    def __str__(self) -> str:
        labels = ",".join(f"{name}={value}" for name, value in self.labels)
        return f"{self.metric}{{{labels}}} at {self.timestamp_ms} = {self.value:g}"


def parse_matrix(series: Iterable[Mapping[str, Any]]) -> list[Sample]:
    """Return the samples of a query's result of type matrix, ``data.result`` of Prometheus's answer, sorted."""
    samples = []
    for one in series:
        labels = dict(one["metric"])
        metric = labels.pop("__name__")
        for seconds, value in one["values"]:
            timestamp_ms = int((Decimal(str(seconds)) * 1000).to_integral_value())
            samples.append(Sample.of(metric, labels, timestamp_ms=timestamp_ms, value=float(value)))
    return sorted(samples)


def read_samples(url: str, *, metrics: Sequence[str]) -> list[Sample]:
    """Return every sample that Prometheus holds of these metrics, sorted; raise RestError if it refuses the query."""
    client = JsonClient(url, timeout_seconds=120.0)
    samples: list[Sample] = []
    for metric in metrics:
        newest = _newest_second(client)
        query = {"query": f"{metric}[{EVERYTHING}]", "time": str(newest)}
        samples.extend(parse_matrix(client.get("/api/v1/query", query)["data"]["result"]))
    return sorted(samples)


def _newest_second(client: JsonClient) -> int:
    head = client.get("/api/v1/status/tsdb")["data"]["headStats"]
    newest_ms = int(head["maxTime"])
    return min(max(newest_ms // 1000 + 1, 0), _MAX_TIMESTAMP_SECONDS)
