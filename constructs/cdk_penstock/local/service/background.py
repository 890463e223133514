"""The stack as a process in the background: one for each folder, found by the lock that it holds.

``python -m cdk_penstock.local.service.background FOLDER`` is that process; it reads ``options.json`` in the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cdk_penstock.local.errors import LocalPipelineError, StartTimeoutError
from cdk_penstock.local.processes import log_tail
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.stack import LocalStack, LocalStackOptions
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.local.progress import Progress


_LOG = logging.getLogger(__name__)
_START_TIMEOUT_SECONDS = 300.0
_STOP_TIMEOUT_SECONDS = 60.0
_LOCK_TIMEOUT_SECONDS = 2.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class BackgroundOptions:
    """The options of a stack in the background, as the command has them; an empty ``job_python`` simulates jobs."""

    port: int = 0
    kafka_port: int = 0
    prometheus_port: int = 0
    kafka: bool = True
    prometheus: bool = True
    job_python: str = ""

    def in_folder(self, folder: Path) -> LocalStackOptions:
        """Return the options of the stack in a folder."""
        python = Path(self.job_python) if self.job_python else None
        return LocalStackOptions(
            msf=LocalMsfOptions(folder=folder, port=self.port, job_python=python),
            kafka=self.kafka,
            prometheus=self.prometheus,
            kafka_port=self.kafka_port,
            prometheus_port=self.prometheus_port,
        )


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """A stack that runs: its process, and the environment variables that lead to it."""

    pid: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        """The address of the local MSF and of its status page."""
        return self.environment["AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2"]


def _state_file(folder: Path) -> Path:
    return folder / "running.json"


@contextlib.contextmanager
def _lock(folder: Path, *, timeout_seconds: float = 0.0) -> Iterator[bool]:
    """Hold the lock of a folder, which ends with its process however that ends; yield False if another has it."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_seconds
    with (folder / "lock").open("a", encoding="utf-8") as file:
        while not _taken(file):
            if time.monotonic() >= deadline:
                yield False
                return
            time.sleep(_POLL_SECONDS / 10)
        yield True


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(folder: Path) -> bool:
    if not (folder / "lock").exists():
        return False
    with _lock(folder) as held:
        return not held


def find_running(folder: Path) -> RunningStack | None:
    """Return the stack that runs in a folder and is ready, None if there is none."""
    if not _is_locked(folder):
        return None
    with contextlib.suppress(OSError, ValueError):
        return RunningStack(**json.loads(_state_file(folder).read_text(encoding="utf-8")))
    return None


def start_in_background(folder: Path, options: BackgroundOptions, *, progress: Progress) -> RunningStack:
    """Start a stack as a process of its own session, and return it once it is ready.

    Raises
    ------
    LocalPipelineError
        One runs in the folder already, or it did not start; nothing of it is left then.
    """
    if _is_locked(folder):
        running = find_running(folder)
        where = f"at {running.url}, process {running.pid}" if running else "and is starting or stopping"
        raise LocalPipelineError(
            f"a local MSF runs in {folder} already, {where}: stop it with penstock local down, or name another --folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _state_file(folder).unlink(missing_ok=True)
    (folder / "options.json").write_text(json.dumps(asdict(options)), encoding="utf-8")
    log_file = folder / "local.log"
    progress.stage("start the local MSF and the servers beside it")
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _ready(folder, process, log_file, progress)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _ready(folder: Path, process: subprocess.Popen[bytes], log_file: Path, progress: Progress) -> RunningStack:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        running = find_running(folder)
        if running is not None and running.pid == process.pid:
            return running
        if process.poll() is not None:
            raise LocalPipelineError(
                f"the local MSF did not start; the end of its log ({log_file}):\n{log_tail(log_file)}"
            )
        lines = log_tail(log_file, lines=1).strip()
        progress.update(lines)
        time.sleep(_POLL_SECONDS)
    raise StartTimeoutError(f"the local MSF did not start within {_START_TIMEOUT_SECONDS:g} s; its log is {log_file}")


def stop_in_background(folder: Path) -> bool:
    """Stop the stack of a folder and wait for its end; return False if none ran.

    Raises
    ------
    LocalPipelineError
        It does not end.
    """
    running = find_running(folder)
    if running is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
    while _is_locked(folder):
        if time.monotonic() >= deadline:
            raise LocalPipelineError(
                f"the local MSF, process {running.pid}, did not end within {_STOP_TIMEOUT_SECONDS:g} s: kill -9 it"
            )
        time.sleep(_POLL_SECONDS)
    return True


class _LoggedProgress:
    """Progress as lines of the log, of which the command shows the last one."""

    def stage(self, title: str) -> None:
        """Log the stage."""
        _LOG.info(title)

    def update(self, text: str) -> None:
        """Ignore the text."""


def _run(folder: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = BackgroundOptions(**json.loads((folder / "options.json").read_text(encoding="utf-8")))
    # A command that looks for a stack holds the lock for a moment.
    with _lock(folder, timeout_seconds=_LOCK_TIMEOUT_SECONDS) as held:
        if not held:
            _LOG.error("another local MSF runs in %s", folder)
            return 1
        try:
            with stop_signals_raise(), LocalStack(options.in_folder(folder), progress=_LoggedProgress()) as stack:
                running = RunningStack(pid=os.getpid(), environment=stack.environment)
                temporary = folder / "running.json.new"
                temporary.write_text(json.dumps(asdict(running)), encoding="utf-8")
                temporary.chmod(0o600)  # it has the secret access key
                temporary.replace(_state_file(folder))
                threading.Event().wait()
        except PenstockError as error:
            _LOG.error("%s", error)
            return 1
        finally:
            _state_file(folder).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(_run(Path(sys.argv[1])))
