"""Child processes: started with a log, watched, and stopped by their process id with their own children."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cdk_penstock.local.errors import ProcessDiedError, StartTimeoutError
from cdk_penstock.local.guard import process_guard
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


T = TypeVar("T")

POLL_SECONDS = 0.05
TAIL_LINES = 20
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to run: ``name`` is what messages call it, ``log_file`` receives its output and errors."""

    name: str
    arguments: Sequence[str]
    log_file: Path
    folder: Path
    environment: Mapping[str, str] | None = None


def log_tail(log_file: Path, *, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, indented for a message."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return "  (no log)"
    kept = text.splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in kept) if kept else "  (empty log)"


class ManagedProcess:
    """One child process in a separate session, and so in a separate process group.

    A terminal's Ctrl-C does not reach it; it ends when :meth:`stop` or :meth:`kill` is called. Its children that
    stay in its group end with it. They also end when this process is killed or crashes, whichever thread has started
    the child.
    """

    def __init__(self, command: Command) -> None:
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> ManagedProcess:
        """Start the program and return at once."""
        self.command.log_file.parent.mkdir(parents=True, exist_ok=True)
        with defer_stop_signals(), self.command.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command.arguments,
                cwd=self.command.folder,
                env=None if self.command.environment is None else dict(self.command.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            process_guard.watch(self._process.pid)
        return self

    @property
    def pid(self) -> int | None:
        """The process id, ``None`` before the start and after the stop."""
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        """True if the process runs."""
        return self._process is not None and not self._has_ended(self._process)

    @staticmethod
    def _has_ended(process: subprocess.Popen[bytes]) -> bool:
        if process.returncode is not None:
            return True
        # WNOWAIT keeps the id reserved, so that it still means this group, and no other process.
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def exit_code(self) -> int | None:
        """Return the exit code of a process that has ended, ``None`` as long as it runs."""
        return None if self._process is None or self.alive else self._reap(self._process)

    @staticmethod
    def _reap(process: subprocess.Popen[bytes]) -> int:
        process_guard.forget(process.pid)
        return process.wait()

    def terminate(self) -> None:
        """Ask the process to end, and return at once."""
        self._signal_group(signal.SIGTERM)

    def stop(self, *, timeout_seconds: float = 10.0) -> None:
        """Ask the process to end, and end it by force after a while; does nothing if it does not run.

        Parameters
        ----------
        timeout_seconds
            How long it may take to end by itself.
        """
        with defer_stop_signals():
            if self._process is None:
                return
            self._signal_group(signal.SIGTERM)
            deadline = time.monotonic() + timeout_seconds
            while not self._has_ended(self._process) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            self.kill()

    def kill(self) -> None:
        """End the process and its group by force, and reap it."""
        with defer_stop_signals():
            if self._process is None:
                return
            self._signal_group(signal.SIGKILL)
            self._reap(self._process)
            self._process = None

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):
                return

    def require_alive(self) -> None:
        """Raise if the process has ended by itself.

        Raises
        ------
        ProcessDiedError
            The process has ended, or was never started.
        """
        if not self.alive:
            log_file = self.command.log_file
            raise ProcessDiedError(
                f"{self.command.name} ended by itself; the end of its log ({log_file}):\n{log_tail(log_file)}"
            )


def wait_until(
    ready: Callable[[], T | None], *, what: str, timeout_seconds: float, processes: Sequence[ManagedProcess]
) -> T:
    """Wait for something that the given processes bring about.

    Parameters
    ----------
    ready
        Returns ``None`` or ``False`` as long as it is not so.
    what
        What is awaited, for the message: "kafka to answer".
    timeout_seconds
        How long to wait.
    processes
        The processes that must stay alive meanwhile.

    Raises
    ------
    ProcessDiedError
        One of the processes ended.
    StartTimeoutError
        It took too long.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        for process in processes:
            process.require_alive()
        result = ready()
        if result is not None and result is not False:
            return result
        if time.monotonic() >= deadline:
            tails = "\n".join(
                f"the end of the log of {process.command.name} ({process.command.log_file}):\n"
                f"{log_tail(process.command.log_file)}"
                for process in processes
            )
            raise StartTimeoutError(f"waited {timeout_seconds:g} s for {what}, in vain; {tails}")
        time.sleep(POLL_SECONDS)


def run_to_end(command: Command, *, timeout_seconds: float) -> None:
    """Run a program to its end.

    Raises
    ------
    ProcessDiedError
        It ended with an exit code other than 0.
    StartTimeoutError
        It took too long; it has been stopped.
    """
    process = ManagedProcess(command)
    try:
        process.start()
        deadline = time.monotonic() + timeout_seconds
        while process.alive:
            if time.monotonic() >= deadline:
                raise StartTimeoutError(
                    f"{command.name} took longer than {timeout_seconds:g} s:\n{log_tail(command.log_file)}"
                )
            time.sleep(POLL_SECONDS)
        code = process.exit_code()
        if code != 0:
            raise ProcessDiedError(f"{command.name} ended with exit code {code}:\n{log_tail(command.log_file)}")
    finally:
        process.stop()
