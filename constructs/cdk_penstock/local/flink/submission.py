"""Programs that make a job, run inside the JobManager."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError, RestError
from cdk_penstock.local.flink.jobs import FlinkJob
from cdk_penstock.local.processes import log_tail
from cdk_penstock.local.rest import JsonClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cdk_penstock.local.flink.cluster import FlinkCluster
    from cdk_penstock.local.flink.distribution import FlinkDistribution


PYTHON_DRIVER = "org.apache.flink.client.python.PythonDriver"
SUBMIT_TIMEOUT_SECONDS = 300.0  # main() may take as long on the managed service
TRACEBACK_LINES = 40
_END_OF_PROGRAM = re.compile("Python Process Exited|Python process exits with code")
# Lines of Java come between those of the program: a stack trace, or a line of the log with its time.
_OF_JAVA = re.compile(rf"{re.escape(PYTHON_DRIVER)}|^\tat |^(?:\d{{4}}-\d\d-\d\d )?\d\d:\d\d:\d\d[.,]\d")


@dataclass(frozen=True, kw_only=True)
class JobSubmission(ABC):
    """A program that makes a job, and how its job is to run.

    ``savepoint`` is the location of a savepoint or checkpoint to restore, and ``settings`` are Flink settings of this
    job alone.
    """

    arguments: Sequence[str] = ()
    parallelism: int | None = None
    savepoint: str | None = None
    allow_non_restored_state: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the program in messages."""

    @property
    @abstractmethod
    def entry_point(self) -> Mapping[str, object]:
        """The members of the request that say which program to run, and with which arguments."""

    @abstractmethod
    def job_jar(self, flink: FlinkDistribution) -> Path:
        """Return the jar to upload as the job's jar."""

    def request(self) -> dict[str, object]:
        """Return the body of the request that runs the program."""
        body: dict[str, object] = {**self.entry_point, "allowNonRestoredState": self.allow_non_restored_state}
        if self.parallelism is not None:
            body["parallelism"] = self.parallelism
        if self.savepoint is not None:
            body["savepointPath"] = self.savepoint
        if self.settings:
            body["flinkConfiguration"] = dict(self.settings)
        return body


@dataclass(frozen=True, kw_only=True)
class JobProgram(JobSubmission):
    """A Python program that makes a job: its file or its module, folders and zips with its packages, and its jar."""

    main: Path | None = None
    module: str | None = None
    packages: Sequence[Path] = ()
    jar: Path | None = None

    @property
    def name(self) -> str:
        """The name of the program in messages."""
        return str(self.module) if self.main is None else self.main.name

    @property
    def entry_point(self) -> Mapping[str, object]:
        """The members of the request that say which program to run, and with which arguments."""
        arguments = ["-pym", str(self.module)] if self.main is None else ["-py", str(self.main)]
        if self.packages:
            arguments += ["-pyfs", ",".join(str(package) for package in self.packages)]
        return {"entryClass": PYTHON_DRIVER, "programArgsList": [*arguments, *self.arguments]}

    def job_jar(self, flink: FlinkDistribution) -> Path:
        """Return the program's jar: its connectors reach the workers as with ``flink run --jarfile``."""
        return self.jar or flink.python_jar


@dataclass(frozen=True, kw_only=True)
class JarProgram(JobSubmission):
    """A jar with a main class in its manifest."""

    jar: Path

    @property
    def name(self) -> str:
        """The name of the program in messages."""
        return self.jar.name

    @property
    def entry_point(self) -> Mapping[str, object]:
        """The members of the request that say which program to run, and with which arguments."""
        return {"programArgsList": list(self.arguments)}

    def job_jar(self, flink: FlinkDistribution) -> Path:  # noqa: ARG002
        """Return the jar."""
        return self.jar


def run_program(client: JsonClient, flink: FlinkDistribution, program: JobSubmission) -> str:
    """Run a program inside the JobManager, as the managed service does, and return the id of the job that it made.

    Raises
    ------
    RestError
        The program failed, or made no job.
    """
    uploaded = client.upload("/jars/upload", field="jarfile", file=program.job_jar(flink))
    jar = f"/jars/{str(uploaded['filename']).rpartition('/')[2]}"
    try:
        return str(client.send("POST", f"{jar}/run", program.request())["jobid"])
    finally:
        # The job has its own copy, and a kept cluster would collect one of each submission.
        with contextlib.suppress(RestError):
            client.send("DELETE", jar)


def submit_job(
    cluster: FlinkCluster, program: JobSubmission, *, timeout_seconds: float = SUBMIT_TIMEOUT_SECONDS
) -> FlinkJob:
    """Run a program inside the JobManager and return its job.

    Parameters
    ----------
    cluster
        Where to run it.
    program
        What to run.
    timeout_seconds
        How long the program may take until its job is submitted.

    Raises
    ------
    JobError
        The program failed, or made no job; the message has its traceback.
    """
    client = JsonClient(cluster.url, timeout_seconds=timeout_seconds)
    log_start = cluster.job_manager_log.stat().st_size
    try:
        job_id = run_program(client, cluster.distribution, program)
    except RestError as error:
        raise JobError(
            f"{program.name} made no job; {_reason(cluster.job_manager_log, log_start, str(error))}"
        ) from error
    return FlinkJob(client=client, job_id=job_id, log_file=cluster.job_manager_log)


def python_traceback(log: str, *, lines: int | None = TRACEBACK_LINES) -> str:
    """Return the first Python traceback of a JobManager's log, indented; an empty text if there is none.

    Parameters
    ----------
    log
        The log, in which the driver repeats the program's output line by line.
    lines
        How many lines to return at most, None for all.
    """
    kept: list[str] = []
    for line in log.splitlines():
        if not kept and not line.startswith("Traceback (most recent call last)"):
            continue
        if _END_OF_PROGRAM.search(line):
            break
        if not _OF_JAVA.search(line):
            kept.append(f"  {line}")
    return "\n".join(kept[:lines])


def _reason(log_file: Path, start: int, answer: str) -> str:
    with log_file.open("rb") as log:
        log.seek(start)
        traceback = python_traceback(log.read().decode(errors="replace"))
    if not traceback:
        return f"{answer}\nthe end of {log_file}:\n{log_tail(log_file)}"
    return f"its traceback (more in {log_file}):\n{traceback}"
