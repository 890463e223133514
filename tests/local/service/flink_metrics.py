"""The metrics of a job as MSF sends them to CloudWatch at the level APPLICATION, read from Flink's REST API."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.local.rest import JsonClient

JOB_METRICS: Final = (
    "fullRestarts",
    "downtime",
    "numRestarts",
    "restartingTime",
    "numberOfFailedCheckpoints",
    "lastCheckpointDuration",
    "uptime",
)
_OF_TASKS: Final = {
    "currentInputWatermark": "currentInputWatermark",
    "currentOutputWatermark": "currentOutputWatermark",
    "deadLettersLate": "deadLettersLate",
    "numLateRecordsDropped": "numLateRecordsDropped",
    "numRecordsIn": "numRecordsIn",
    "numSamplesDropped": "numSamplesDropped",
    "numWriteRequestsOut": "numWriteRequestsOut",
    "numWriteRequestsRetries": "numWriteRequestsRetries",
    # MSF sends the metrics of Kafka's client with other signs.
    "records-lag-max": "records_lag_max",
}
_HEAP: Final = ("Status.JVM.Memory.Heap.Used", "Status.JVM.Memory.Heap.Max")
_AT_ONCE: Final = 25
"""Metrics of one request: their names are long, and the length of a URL is limited."""


class FlinkMetrics:
    """The newest job of a cluster; the job before an update stays there, as one that has ended."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client
        job = max(client.get("/jobs/overview")["jobs"], key=lambda each: each["start-time"])
        self._job = f"/jobs/{job['jid']}"
        self._names: dict[str, list[str]] = {}
        for vertex in client.get(self._job)["vertices"]:
            path = f"{self._job}/vertices/{vertex['id']}/metrics"
            names = [str(each["id"]) for each in client.get(path)]
            self._names[path] = [name for name in names if name.rpartition(".")[2] in _OF_TASKS]

    def samples(self) -> Iterator[tuple[str, float]]:
        """Yield one sample of each metric of the job, and one of each subtask and operator."""
        yield from self._get(f"{self._job}/metrics", JOB_METRICS)
        for path, names in self._names.items():
            for begin in range(0, len(names), _AT_ONCE):
                yield from self._get(path, names[begin : begin + _AT_ONCE])
        answer = self._client.get("/taskmanagers/metrics", {"get": ",".join(_HEAP), "agg": "max"})
        heap = {str(each["id"]): float(each["max"]) for each in answer}
        if heap.keys() >= set(_HEAP):
            yield "heapMemoryUtilization", 100 * heap[_HEAP[0]] / heap[_HEAP[1]]

    def _get(self, path: str, names: Any) -> Iterator[tuple[str, float]]:
        for each in self._client.get(path, {"get": ",".join(names)}):
            value = float(each["value"])
            if not math.isnan(value):
                name = str(each["id"]).rpartition(".")[2]
                yield _OF_TASKS.get(name, name), value
