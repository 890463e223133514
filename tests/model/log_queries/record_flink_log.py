"""Record the log of real jobs that fail, in the JSON form in which MSF writes it to CloudWatch Logs.

Run it from the root of the repository: ``.venv/bin/python -m tests.model.log_queries.record_flink_log``. It takes two
minutes, and writes one file for each job into ``recorded/``. A line of a file is an event of CloudWatch Logs:
``timestamp`` in milliseconds, and ``message``, MSF's JSON. Its fields are those of AWS's example (managed-flink,
cloudwatch-logs-writing); Log4j itself writes them. ``throwableInformation`` is a list of lines: AWS's query for
exceptions reads ``throwableInformation.0`` (managed-flink, logging).
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from cdk_penstock.local.flink.cluster import FlinkCluster
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from tests.local.service.counting_app import CountingApp
from tests.local.service.flink_jobs import COUNTING_MAIN, counting_zip

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED: Final = Path(__file__).with_name("recorded")
PYTHON: Final = Path(".venv-job/bin/python").absolute()
MOST_CHARACTERS_OF_A_TRACE: Final = 1200
TEXTS: Final = {
    "locationInformation": "%l",
    "logger": "%c",
    "message": "%m",
    "throwableInformation": "%throwable",
    "threadName": "%t",
}
PATTERN: Final = (
    '{"timestamp": %d{UNIX_MILLIS}, "fields": {'
    + ", ".join(f'"{name}": "%enc{{{pattern}}}{{JSON}}"' for name, pattern in TEXTS.items())
    + ', "messageType": "%p"}}%n'
)
# The rest is about the settings of the processes, and the same in each log.
KEPT: Final = re.compile(
    r"\.(CheckpointCoordinator|CheckpointFailureManager|ExecutionGraph|JobMaster|PythonDriver|Task)$"
)
UNTIMELY: Final = {"execution.checkpointing.timeout": "10 ms"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job, and for how long it runs."""

    seconds: int
    first: str = ""


def with_settings(settings: dict[str, str]) -> str:
    """Return code that sets Flink's settings in the table environment that the job creates next."""
    settings = settings | {"execution.checkpointing.tolerable-failed-checkpoints": "1000"}
    return (
        "from pyflink.common import Configuration\n"
        f"settings = {settings!r}\n"
        "configuration = Configuration()\n"
        "for name, value in settings.items():\n"
        "    configuration.set_string(name, value)\n"
        "builder = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration)\n"
        "EnvironmentSettings.in_streaming_mode = staticmethod(builder.build)\n"
    )


JOBS: Final = {
    "restart-loop": Job(seconds=18, first="job['divisor'], job['restart'] = 'MOD(n + 1, 200)', '1 s'"),
    "main-raises": Job(seconds=3, first="raise ValueError('no luck in main')"),
    "checkpoints-expire": Job(seconds=8, first=with_settings(UNTIMELY)),
}


def main() -> None:
    """Record all jobs."""
    start = FlinkCluster._start

    def start_with_json(cluster: FlinkCluster, name: str, script: str) -> Any:
        for file in cluster._layout.configuration.glob("log4j*.properties"):
            text = re.sub(r"(layout\.pattern = ).*", lambda found: found[1] + PATTERN, file.read_text("utf-8"))
            file.write_text(text, encoding="utf-8")
        return start(cluster, name, script)

    RECORDED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(FlinkCluster, "_start", start_with_json):
        for name, job in JOBS.items():
            events = record(Path(folder) / name, name, job)
            lines = "".join(f"{json.dumps(event)}\n" for event in events)
            (RECORDED / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
            print(name, len(events))  # noqa: T201 (a script)


def record(folder: Path, name: str, job: Job) -> list[dict[str, Any]]:
    """Run a job for its seconds and return the events of its log."""
    code = folder / "buckets" / "code"
    code.mkdir(parents=True)
    with mock.patch("tests.local.service.flink_jobs.COUNTING_MAIN", COUNTING_MAIN.replace("# first", job.first)):
        counting_zip(code / "one.zip", "one")
    with LocalMsf(LocalMsfOptions(folder=folder, job_python=PYTHON)) as msf:
        app = CountingApp(msf, name, folder / "out", count=100_000)
        app.create()
        app.start()
        time.sleep(job.seconds)
        events = events_of(folder, str(app.detail()["ApplicationARN"]))
        # Flink writes each to its console and to a file.
        found = {(event["timestamp"], event["message"]): event for event in events}
    return sorted(found.values(), key=lambda event: event["timestamp"])


def events_of(folder: Path, arn: str) -> Iterator[dict[str, Any]]:
    """Yield the events of all processes."""
    for file in folder.rglob("*.log"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith('{"timestamp"'):
                continue
            event = json.loads(line)
            fields = event["fields"]
            if KEPT.search(fields["logger"]):
                trace = fields.pop("throwableInformation").strip()[:MOST_CHARACTERS_OF_A_TRACE].splitlines()
                fields |= {"throwableInformation": trace} if trace else {}
                fields |= {"applicationARN": arn, "applicationVersionId": "1", "messageSchemaVersion": "1"}
                yield {"timestamp": event["timestamp"], "message": json.dumps(fields, sort_keys=True)}


if __name__ == "__main__":
    main()
