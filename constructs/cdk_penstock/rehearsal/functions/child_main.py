"""The program of a child process: runs one handler, event by event, on the time of the rehearsal.

It imports nothing of penstock: what runs is the code of the asset, with the libraries of this interpreter.
Arguments: the folder of the code, and the handler as ``package.module.function``.
"""

from __future__ import annotations

import concurrent.futures  # noqa: F401 - loaded before the clocks are replaced, as all that waits for a lock
import datetime as dt
import importlib
import json
import os
import queue  # noqa: F401
import selectors  # noqa: F401
import socket
import subprocess  # noqa: F401
import sys
import threading
import time
import traceback
from typing import Any, ClassVar

_MOMENT = 0.001


class _Channel:
    """Lines of JSON to and from the rehearsal, on pipes that no code of the function finds under their numbers.

    What the function prints goes to its log, and it reads nothing.
    """

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), encoding="utf-8")
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def receive(self) -> dict[str, Any]:
        line = self._in.readline()
        if not line:
            sys.exit(0)
        message: dict[str, Any] = json.loads(line)
        return message

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a message: one thread after the other."""
        with self._lock:
            self.send(message)
            return self.receive()


class _Time:
    """The time of the rehearsal: it stands still but for a moment at each look, and for sleeps."""

    now = 0.0
    channel: ClassVar[_Channel]
    local_time = time.localtime
    universal_time = time.gmtime
    text = time.strftime

    @classmethod
    def time(cls) -> float:
        cls.now += _MOMENT
        return cls.now

    @classmethod
    def time_ns(cls) -> int:
        return int(cls.time() * 1e9)

    @classmethod
    def sleep(cls, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        cls.now = float(cls.channel.ask({"sleep": float(seconds)})["now"])

    @classmethod
    def gmtime(cls, seconds: float | None = None) -> Any:
        return cls.universal_time(cls.time() if seconds is None else seconds)

    @classmethod
    def localtime(cls, seconds: float | None = None) -> Any:
        return cls.local_time(cls.time() if seconds is None else seconds)

    @classmethod
    def strftime(cls, form: str, parts: Any = None) -> str:
        return cls.text(form, cls.localtime() if parts is None else parts)


_DATE, _DATETIME = dt.date, dt.datetime


class _AnyDate(type):
    """Dates that were made before, or by code in C, count as well."""

    def __instancecheck__(cls, value: object) -> bool:
        return cls.__subclasscheck__(type(value))

    def __subclasscheck__(cls, kind: type) -> bool:
        real = {"_Datetime": _DATETIME, "_Date": _DATE}.get(cls.__name__)
        return issubclass(kind, real) if real else super().__subclasscheck__(kind)


class _Date(dt.date, metaclass=_AnyDate):
    """A date whose present is that of the rehearsal."""

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(_Time.time())


class _Datetime(dt.datetime, metaclass=_AnyDate):
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


class _Outside:
    """The network outside of the rehearsal: nothing of it is reached, and each host that was tried is remembered."""

    _MACHINE: ClassVar = ("127.0.0.1", "::1", "localhost")
    hosts: ClassVar[list[str]] = []
    find = socket.getaddrinfo
    connect = socket.socket.connect

    @classmethod
    def refuse(cls, host: object) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name not in cls._MACHINE:
            if name not in cls.hosts:
                cls.hosts.append(name)
            raise socket.gaierror(socket.EAI_NONAME, f"{name} is outside of the rehearsal")

    @classmethod
    def replace(cls) -> None:
        def find(host: Any, *args: Any, **options: Any) -> Any:
            cls.refuse(host)
            return cls.find(host, *args, **options)

        def connect(sock: socket.socket, address: Any) -> None:
            if isinstance(address, tuple):
                cls.refuse(address[0])
            cls.connect(sock, address)

        socket.getaddrinfo = find
        socket.socket.connect = connect  # type: ignore[method-assign, assignment]


class _Context:
    """The second argument of a handler."""

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version = "$LATEST"
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
    log_stream_name = "rehearsal"
    identity = None
    client_context = None

    def __init__(self, message: dict[str, Any]) -> None:
        self.aws_request_id = str(message["request_id"])
        self.invoked_function_arn = str(message["arn"])
        self._ends = float(message["now"]) + float(message["timeout_seconds"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - _Time.now) * 1000))


def _replace_clocks(channel: _Channel) -> None:
    _Time.channel = channel
    # A loop that waits for a deadline reads any of the clocks.
    for clock in ("time", "monotonic", "perf_counter"):
        setattr(time, clock, _Time.time)
        setattr(time, f"{clock}_ns", _Time.time_ns)
    for name in ("sleep", "gmtime", "localtime", "strftime"):
        setattr(time, name, getattr(_Time, name))
    dt.datetime = _Datetime  # type: ignore[misc]
    dt.date = _Date  # type: ignore[misc]


class _HandlerError(Exception):
    """A handler that cannot be called; ``kind`` is Lambda's name for that."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _handler(name: str) -> Any:
    """Return the handler of a name, imported at its first event, with the errors of Lambda's own runtime."""
    module, dot, function = name.rpartition(".")
    if not dot:
        raise _HandlerError("Runtime.MalformedHandlerName", f"Bad handler '{name}': it has no dot")
    try:
        return getattr(importlib.import_module(module.replace("/", ".")), function)
    except ImportError as error:
        raise _HandlerError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module}': {error}"
        raise _HandlerError("Runtime.UserCodeSyntaxError", message) from error
    except AttributeError as error:
        if module in sys.modules:
            message = f"Handler '{function}' missing on module '{module}'"
            raise _HandlerError("Runtime.HandlerNotFound", message) from error
        raise


def _answer(name: str, message: dict[str, Any]) -> dict[str, Any]:
    os.environ.update(message["environment"])
    _Time.now = float(message["now"])
    try:
        result = _handler(name)(message["event"], _Context(message))
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer, as on Lambda
        traceback.print_exc()
        return _failure(getattr(error, "kind", "") if isinstance(error, _HandlerError) else "", error)
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}")
    return {"result": result}


def _failure(kind: str, error: object) -> dict[str, Any]:
    return {"error": {"errorType": kind or type(error).__name__, "errorMessage": str(error)}}


def _main() -> None:
    folder, name = sys.argv[1:]
    channel = _Channel()
    _replace_clocks(channel)
    _Outside.replace()
    sys.path.insert(0, folder)
    while True:
        message = channel.receive()
        _Outside.hosts.clear()
        channel.send({**_answer(name, message), "outside": _Outside.hosts})


if __name__ == "__main__":
    _main()
