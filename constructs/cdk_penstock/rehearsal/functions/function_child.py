"""A warm child process of one Lambda function: it waits for the next event until the rehearsal ends."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from cdk_penstock.local.guard import process_guard
from cdk_penstock.local.processes import log_tail
from cdk_penstock.rehearsal.functions.function_errors import FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROGRAM: Final = Path(__file__).with_name("child_main.py")
ANSWER_SECONDS: Final = 60.0
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class FunctionChild:
    """The process of a function.

    Parameters
    ----------
    name
        The function's name, for messages.
    folder
        The folder of its code.
    handler
        The handler as Lambda names it.
    environment
        Its environment variables; nothing of this process's own AWS settings is added.
    log_file
        The file for what it prints.
    answer_seconds
        The longest that it may compute or wait on this machine's clock, without a sleep.
    """

    def __init__(
        self,
        name: str,
        *,
        folder: Path,
        handler: str,
        environment: Mapping[str, str],
        log_file: Path,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._name = name
        self._log_file = log_file
        self._answer_seconds = answer_seconds
        self.hosts_outside: tuple[str, ...] = ()
        """The hosts outside of this machine that the last event made it look for."""
        kept = {each: os.environ[each] for each in _KEPT if each in os.environ}
        nowhere = str(log_file.parent / "none")
        own = {
            "AWS_CONFIG_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            # The models of services that a user has added to boto3 are no part of the function.
            "HOME": nowhere,
        }
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-u", str(_PROGRAM), str(folder), handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**kept, **own, **environment},
                cwd=folder,
                encoding="utf-8",
                start_new_session=True,
            )
        process_guard.watch(self._process.pid)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def _read(self, stdout: IO[str] | None) -> None:
        if stdout is not None:
            with stdout:
                for line in stdout:
                    self._lines.put(line)
        self._lines.put("")

    def run(self, message: Mapping[str, Any], *, sleep: Callable[[float], float]) -> Any:
        """Return the result of the handler for an event.

        Parameters
        ----------
        message
            The event, with the time, the environment and the request's id.
        sleep
            Lets time pass, and returns the time after it.

        Raises FunctionError for what the handler raises, for a sleep beyond the longest run of the function, and for a
        process that crashes or does not answer.
        """
        left_seconds = float(message["timeout_seconds"])
        self._send(message)
        while "sleep" in (answer := self._receive()):
            seconds = float(answer["sleep"])
            now = sleep(min(seconds, left_seconds))
            left_seconds -= seconds
            if left_seconds < 0:
                self.close()
                limit = f"{message['timeout_seconds']:.2f}"
                raise FunctionError("Sandbox.Timedout", f"{self._name}: Task timed out after {limit} seconds")
            self._send({"now": now})
        self.hosts_outside = tuple(answer["outside"])
        if "error" in answer:
            raise FunctionError(str(answer["error"]["errorType"]), str(answer["error"]["errorMessage"]))
        return answer["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        if stdin is None:  # pragma: no cover - it is a pipe
            raise self._crashed()
        try:
            stdin.write(json.dumps(message, default=str) + "\n")
            stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._crashed() from None

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=self._answer_seconds)
        except queue.Empty:
            self.close()
            raise FunctionError(
                "Sandbox.Timedout",
                f"function {self._name} did not answer within {self._answer_seconds:g} seconds of this machine's time;"
                f" the end of its log:\n{log_tail(self._log_file)}",
            ) from None
        if not line:
            raise self._crashed()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _crashed(self) -> FunctionError:
        self.close()
        return FunctionError(
            "Runtime.ExitError", f"function {self._name} exited; the end of its log:\n{log_tail(self._log_file)}"
        )

    @property
    def is_alive(self) -> bool:
        """True if it can take another event."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process, with all processes that it has started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        process_guard.forget(self._process.pid)
