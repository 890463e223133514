"""Reading raw samples back from Prometheus, each with its exact timestamp and value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.rest import JsonClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ("METRICS", "Sample", "parse_matrix", "read_samples")

METRICS = ("vehicles_in_motion", "warnings")
# Longer than any data can be: an instant query with a range returns raw samples, a range query would resample them.
EVERYTHING = "36500d"
MAX_TIMESTAMP_SECONDS = 253402300799  # the end of the year 9999


@dataclass(frozen=True, kw_only=True, order=True)
class Sample:
    """One sample of one series of the bundled job."""

    metric: str
    model: str
    region: str
    timestamp_ms: int
    value: float


def parse_matrix(series: Iterable[Mapping[str, Any]]) -> list[Sample]:
    """Return the samples of a query's result of type matrix, sorted.

    Parameters
    ----------
    series
        The ``data.result`` of Prometheus's answer.
    """
    samples = []
    for one in series:
        labels, values = one["metric"], one["values"]
        for seconds, value in values:
            samples.append(
                Sample(
                    metric=labels["__name__"],
                    model=labels.get("model", ""),
                    region=labels.get("region", ""),
                    timestamp_ms=int((Decimal(str(seconds)) * 1000).to_integral_value()),
                    value=float(value),
                )
            )
    return sorted(samples)


def read_samples(url: str, *, metrics: Sequence[str] = METRICS) -> list[Sample]:
    """Return every sample that Prometheus holds of the given metrics, sorted.

    Parameters
    ----------
    url
        Prometheus's address.
    metrics
        Names of metrics.

    Raises
    ------
    RestError
        Prometheus is not there or refuses the query.
    """
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
    return min(max(newest_ms // 1000 + 1, 0), MAX_TIMESTAMP_SECONDS)
