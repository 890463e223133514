"""Metrics of a real job over time, as CloudWatch would have them, read from Flink through MSF's presigned URL.

A minute of CloudWatch takes three seconds here: the times of samples are stretched, the values are Flink's.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.model.alarm_evaluation.metric_samples import MetricHistory, Sample
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_penstock.model.alarm_evaluation.metric_samples import Metric
    from tests.local.service.counting_app import CountingApp

MINUTE_TAKES_SECONDS: Final = 3.0
STRETCH: Final = 60 / MINUTE_TAKES_SECONDS
METRICS: Final = (
    "fullRestarts",
    "downtime",
    "numRestarts",
    "restartingTime",
    "numberOfFailedCheckpoints",
    "lastCheckpointDuration",
)
_POLL_SECONDS: Final = 0.25


class AlarmRecording:
    """The samples of a job's metrics, and the times at which something happened to it; in stretched seconds."""

    def __init__(self) -> None:
        self.samples: dict[str, list[tuple[float, float]]] = {name: [] for name in METRICS}
        self.marks: dict[str, float] = {}
        self._begin = time.monotonic()

    def now_seconds(self) -> float:
        """Return the time since the beginning."""
        return (time.monotonic() - self._begin) * STRETCH

    def mark(self, name: str) -> None:
        """Note when something happens."""
        self.marks[name] = self.now_seconds()

    def record(self, app: CountingApp, *, minutes: int) -> None:
        """Read the metrics for some minutes of CloudWatch. What Flink does not answer is missing, as there."""
        dashboard = FlinkDashboard(lambda: str(self._url(app)))
        end = self.now_seconds() + 60 * minutes
        while self.now_seconds() < end:
            with contextlib.suppress(PenstockError):
                # The job before an update stays on the cluster, as one that has ended.
                job = max(dashboard.get("/jobs/overview")["jobs"], key=lambda each: each["start-time"])["jid"]
                for metric in dashboard.get(f"/jobs/{job}/metrics", {"get": ",".join(METRICS)}):
                    self.samples[metric["id"]].append((round(self.now_seconds(), 1), float(metric["value"])))
            time.sleep(_POLL_SECONDS)

    @staticmethod
    def _url(app: CountingApp) -> str:
        answer = app.client.create_application_presigned_url(
            ApplicationName=app.name, UrlType="FLINK_DASHBOARD_URL", SessionExpirationDurationInSeconds=1800
        )
        return str(answer["AuthorizedUrl"])

    def history(self, metrics: Iterable[Metric]) -> MetricHistory:
        """Return the samples of these metrics, by their names."""
        return MetricHistory(
            {metric: [Sample(at, value) for at, value in self.samples.get(metric.name, [])] for metric in metrics}
        )

    def write(self, path: Path) -> None:
        """Write the recording."""
        path.write_text(json.dumps({"samples": self.samples, "marks": self.marks}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> AlarmRecording:
        """Read a recording."""
        recording = cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        recording.samples = {name: [(at, value) for at, value in each] for name, each in content["samples"].items()}
        recording.marks = content["marks"]
        return recording
