"""Metrics of a real job over time, as CloudWatch would have them.

The clock of a recording is not that of the machine: each look at Flink is a quarter of a minute, so that a slow machine
makes minutes longer and changes no result.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.rest import JsonClient
from cdk_penstock.model.alarm_evaluation.alarm_timeline import evaluate
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from cdk_penstock.model.alarm_evaluation.metric_samples import MetricHistory, Sample
from cdk_penstock.model.errors import PenstockError
from tests.local.service.flink_metrics import FlinkMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm, AlarmTimeline

LOOKS_A_MINUTE: Final = 4
LOOK_TAKES_SECONDS: Final = 0.4
_LONGEST_MINUTE_SECONDS: Final = 120.0


class AlarmRecording:
    """The samples of a job's metrics, and the times at which something happened to it; in seconds of CloudWatch."""

    def __init__(self, address: Callable[[], str] = str) -> None:
        self.samples: dict[str, list[tuple[float, float]]] = {}
        self.marks: dict[str, float] = {}
        self.now_seconds = 0
        self._address = address
        self._records: float | None = None

    def mark(self, name: str) -> None:
        """Note when something happens."""
        self.marks[name] = self.now_seconds

    def record(
        self, minutes: int, *, grows: str = "", by: float = 0, ends_with: str = "",
        before_look: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """Look at Flink for some minutes.

        Each lasts until the metric ``grows`` has grown by ``by``, and until there is a sample of ``ends_with``: a
        restart takes less than a minute on MSF, and must here.
        """
        for _ in range(minutes):
            begun, deadline = self.latest(grows), time.monotonic() + _LONGEST_MINUTE_SECONDS
            minute = self.now_seconds
            for look in range(1, LOOKS_A_MINUTE + 1):
                self.now_seconds = minute + 60 * look // LOOKS_A_MINUTE - 1
                self._look(before_look)
            while self.latest(grows) < begun + by:
                assert time.monotonic() < deadline, f"{grows} has not grown by {by} since {begun}"
                self._look(before_look)
            while ends_with and not self._is_sampled(ends_with):
                assert time.monotonic() < deadline, f"there is no sample of {ends_with}"
                self._look(before_look)
            self.now_seconds = minute + 60

    def pass_without_metrics(self, minutes: int) -> None:
        """Let minutes pass in which nothing is looked at."""
        self.now_seconds += 60 * minutes

    def _look(self, before_look: Callable[[], None]) -> None:
        before_look()
        time.sleep(LOOK_TAKES_SECONDS)
        # What Flink does not answer is missing, as in CloudWatch.
        with contextlib.suppress(PenstockError):
            found = list(FlinkMetrics(JsonClient(self._address())).samples())
            records = sum(value for name, value in found if name == "numRecordsIn")
            if self._records is not None:
                found.append(("numRecordsInPerSecond", max(0.0, records - self._records)))
            self._records = records
            for name, value in found:
                self.samples.setdefault(name, []).append((self.now_seconds, value))

    def _is_sampled(self, name: str) -> bool:
        samples = self.samples.get(name)
        return samples is not None and samples[-1][0] == self.now_seconds

    def latest(self, name: str) -> float:
        """Return the greatest of the newest samples of a metric, 0 without any."""
        samples = self.samples.get(name, [])
        return max((value for at, value in samples if at == samples[-1][0]), default=0.0)

    def timelines(
        self, alarms: Mapping[str, Alarm], *, until_seconds: float | None = None
    ) -> Mapping[str, AlarmTimeline]:
        """Return the timelines of alarms over what is recorded until now, or until a time."""
        metrics = {
            each.metric
            for alarm in alarms.values()
            if isinstance(alarm, MetricAlarm)
            for each in alarm.metrics.values()
        }
        history = MetricHistory(
            {metric: [Sample(at, value) for at, value in self.samples.get(metric.name, [])] for metric in metrics}
        )
        return evaluate(alarms, history, begin_seconds=60, end_seconds=int(until_seconds or self.now_seconds))

    def write(self, path: Path, names: tuple[str, ...]) -> None:
        """Write the recording of some metrics."""
        samples = {name: self.samples[name] for name in names}
        path.write_text(json.dumps({"samples": samples, "marks": self.marks}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> AlarmRecording:
        """Read a recording."""
        recording = cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        recording.samples = {name: [(at, value) for at, value in each] for name, each in content["samples"].items()}
        recording.marks = content["marks"]
        return recording
