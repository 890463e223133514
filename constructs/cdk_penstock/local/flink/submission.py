"""Running a Python program that makes a job, inside the JobManager."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError, RestError
from cdk_penstock.local.flink.jobs import FlinkJob
from cdk_penstock.local.processes import log_tail
from cdk_penstock.local.rest import JsonClient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_penstock.local.flink.cluster import FlinkCluster

__all__ = ("JobProgram", "python_traceback", "submit_job")

PYTHON_DRIVER = "org.apache.flink.client.python.PythonDriver"
SUBMIT_TIMEOUT_SECONDS = 300.0  # main() may take as long on the managed service
TRACEBACK_LINES = 40


@dataclass(frozen=True, kw_only=True)
class JobProgram:
    """A Python program that makes a job: its file, the folder with its packages, its jar and its arguments."""

    main: Path
    packages: Path | None = None
    jar: Path | None = None
    arguments: Sequence[str] = ()
    parallelism: int | None = None
    savepoint: str | None = None


def submit_job(
    cluster: FlinkCluster, program: JobProgram, *, timeout_seconds: float = SUBMIT_TIMEOUT_SECONDS
) -> FlinkJob:
    """Run a program inside the JobManager, as the managed service does, and return the job that it made.

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
    arguments = ["-py", str(program.main)]
    if program.packages is not None:
        arguments += ["-pyfs", str(program.packages)]
    body: dict[str, object] = {
        "entryClass": PYTHON_DRIVER,
        "programArgsList": [*arguments, *program.arguments],
    }
    if program.parallelism is not None:
        body["parallelism"] = program.parallelism
    if program.savepoint is not None:
        body["savepointPath"] = program.savepoint
    log_start = cluster.job_manager_log.stat().st_size
    try:
        # With its own jar as the job's jar, the program's connectors reach the workers as with `flink run --jarfile`.
        uploaded = client.upload("/jars/upload", field="jarfile", file=program.jar or cluster.distribution.python_jar)
        jar_id = str(uploaded["filename"]).rpartition("/")[2]
        answer = client.send("POST", f"/jars/{jar_id}/run", body)
    except RestError as error:
        msg = f"{program.main.name} made no job; {_reason(cluster.job_manager_log, log_start, str(error))}"
        raise JobError(msg) from error
    return FlinkJob(client=client, job_id=str(answer["jobid"]), log_file=cluster.job_manager_log)


def python_traceback(log: str) -> str:
    """Return the first Python traceback of a JobManager's log, indented; an empty text if there is none.

    Parameters
    ----------
    log
        The log, in which the driver repeats the program's output line by line.
    """
    kept: list[str] = []
    for line in log.splitlines():
        if not kept and not line.startswith("Traceback (most recent call last)"):
            continue
        if "Python Process Exited" in line:
            break
        if PYTHON_DRIVER not in line and not line.startswith("\tat "):
            kept.append(f"  {line}")
    return "\n".join(kept[:TRACEBACK_LINES])


def _reason(log_file: Path, start: int, answer: str) -> str:
    with log_file.open("rb") as log:
        log.seek(start)
        traceback = python_traceback(log.read().decode(errors="replace"))
    if not traceback:
        return f"{answer}\nthe end of {log_file}:\n{log_tail(log_file)}"
    return f"its traceback (more in {log_file}):\n{traceback}"
