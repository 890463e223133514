"""The program of a child process: runs one handler, event by event, on the time of the rehearsal.

It imports nothing of penstock: what runs is the code of the asset, with the libraries of this interpreter.
Arguments: the folder of the code, and the handler as ``package.module.function``.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any, ClassVar

_MOMENT = 0.001


class _Channel:
    """Lines of JSON to and from the rehearsal; what the handler prints goes to its log."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, message: dict[str, Any]) -> None:
        self._out.write(json.dumps(message, default=str) + "\n")
        self._out.flush()

    @staticmethod
    def receive() -> dict[str, Any]:
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        message: dict[str, Any] = json.loads(line)
        return message


class _Time:
    """The time of the rehearsal: it stands still but for a moment at each look, and for sleeps."""

    now = 0.0
    channel: ClassVar[_Channel]

    @classmethod
    def time(cls) -> float:
        cls.now += _MOMENT
        return cls.now

    @classmethod
    def sleep(cls, seconds: float) -> None:
        cls.channel.send({"sleep": max(0.0, float(seconds))})
        cls.now = float(cls.channel.receive()["now"])


class _Datetime(dt.datetime):
    """A datetime whose present is that of the rehearsal."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(_Time.time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


class _Context:
    """The second argument of a handler."""

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version = "$LATEST"
    memory_limit_in_mb = "256"
    invoked_function_arn = ""
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
    log_stream_name = "rehearsal"

    def __init__(self, message: dict[str, Any]) -> None:
        self.aws_request_id = str(message["request_id"])
        self.invoked_function_arn = str(message["arn"])
        self._seconds = float(message["timeout_seconds"])
        self._began = _Time.now

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._seconds - (_Time.now - self._began)) * 1000))


def _prepare(folder: str, channel: _Channel) -> None:
    _Time.channel = channel
    time.sleep = _Time.sleep  # type: ignore[assignment]
    time.time = _Time.time
    dt.datetime = _Datetime  # type: ignore[misc]
    sys.path.insert(0, folder)


def _run(handler: Any, message: dict[str, Any]) -> dict[str, Any]:
    os.environ.update(message["environment"])
    _Time.now = float(message["now"])
    try:
        return {"result": handler(message["event"], _Context(message))}
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer, as on Lambda
        traceback.print_exc()
        return {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}


def _main() -> None:
    folder, name = sys.argv[1:]
    channel = _Channel()
    _prepare(folder, channel)
    module, _, function = name.rpartition(".")
    message = channel.receive()
    os.environ.update(message["environment"])
    _Time.now = float(message["now"])
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    except Exception as error:  # noqa: BLE001 - it is what Lambda says of a function that cannot be loaded
        traceback.print_exc()
        channel.send({"error": {"errorType": "Runtime.ImportModuleError", "errorMessage": str(error)}})
        return
    while True:
        channel.send(_run(handler, message))
        message = channel.receive()


if __name__ == "__main__":
    _main()
