"""A warm child process of one Lambda function: it waits for the next event until the rehearsal ends."""

from __future__ import annotations

import contextlib
import json
import os
import queue
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
_ANSWER_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0
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
    """

    def __init__(
        self, name: str, *, folder: Path, handler: str, environment: Mapping[str, str], log_file: Path
    ) -> None:
        self._name = name
        self._log_file = log_file
        kept = {each: os.environ[each] for each in _KEPT if each in os.environ}
        nowhere = str(log_file.parent / "none")
        own = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(_PROGRAM), str(folder), handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**kept, **own, **environment},
                cwd=folder,
                text=True,
                start_new_session=True,
            )
        process_guard.watch(self._process.pid)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def _read(self, stdout: IO[str] | None) -> None:
        for line in stdout or ():
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

        Raises FunctionError for what the handler raises, and for a process that crashes or does not answer.
        """
        self._send(message)
        while True:
            answer = self._receive()
            if "sleep" not in answer:
                break
            self._send({"now": sleep(float(answer["sleep"]))})
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
            line = self._lines.get(timeout=_ANSWER_SECONDS)
        except queue.Empty:
            self.close()
            raise FunctionError(
                "Sandbox.Timedout",
                f"function {self._name} did not answer within {_ANSWER_SECONDS:.0f} seconds of this machine's time; the"
                f" end of its log:\n{log_tail(self._log_file)}",
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
        """End the process."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS if self._process.poll() is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        process_guard.forget(self._process.pid)
