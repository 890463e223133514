"""The lines that an application writes to CloudWatch Logs, and which of them are errors.

MSF writes each line as JSON (managed-flink, cloudwatch-logs-reading). Flink logs all that the Python process of a job
writes with the logger ``org.apache.flink.client.python.PythonDriver``, line by line at INFO: so a traceback is many
lines below ERROR, between what the job prints.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PYTHON_DRIVER: Final = "PythonDriver"
"""The end of the name of the logger of Python's output."""

_FRAMES: Final = re.compile(r'Traceback \(most recent call last\):|  File ".*", line \d+')
_EXCEPTION: Final = re.compile(
    r"[A-Za-z_][\w.$]*(?:Error|Exception|Interrupt|SystemExit)\b(?::|$)|Caused by: |\s+at [\w.$/]+\("
    r"|\S*python[\d.]*: (?:can't open file|No module named)"
)
# Of an exception of Java that went through Python, the causes follow the exception's own line.
_CONTINUATION: Final = re.compile(r"\s|$|: |During handling of the above|The above exception was")
_MARK: Final = "---------------------------"
_LOG_STREAM_ARN: Final = re.compile(r"arn:[^:]*:logs:[^:]*:[^:]*:log-group:([^:]+):log-stream:([^:*]+)")


class Severity(IntEnum):
    """The level of a line; DEBUG is also that of lines of an unknown level, and TRACE."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3

    @classmethod
    def of(cls, name: str) -> Severity:
        """Return the level of a name of Log4j."""
        return _LEVELS.get(name.upper(), cls.DEBUG)


_LEVELS: Final = {**Severity.__members__, "FATAL": Severity.ERROR, "WARNING": Severity.WARN}


@dataclass(frozen=True, kw_only=True)
class LogStream:
    """A log stream, in its group."""

    group: str
    stream: str


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line.

    Parameters
    ----------
    at
        The time that the application gave it.
    stream
        The name of its log stream.
    severity
        Its level; ERROR for an error of Python, whatever it was logged at.
    logger, message
        The logger, "" for a line that is not JSON, and the text.
    throwable
        The lines of a stack trace.
    version_id
        The version of the application, "" if the line does not tell.
    """

    at: datetime
    stream: str
    severity: Severity
    logger: str
    message: str
    throwable: tuple[str, ...] = ()
    version_id: str = ""

    @property
    def is_of_python(self) -> bool:
        """True if the Python process of the job wrote it."""
        return self.logger.endswith(PYTHON_DRIVER)

    def holds(self, text: str) -> bool:
        """Return True if message, logger or stack trace hold a text, in either case of its letters."""
        return text.lower() in "\n".join((self.message, self.logger, *self.throwable)).lower()

    def __str__(self) -> str:
        logger = f"{self.logger.rpartition('.')[2]}: " if self.logger else ""
        head = f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond // 1000:03}Z {self.severity.name:<5} {logger}"
        return "\n    ".join((head + self.message.rstrip(), *(each.rstrip() for each in self.throwable)))


def log_streams(described: Mapping[str, Any]) -> tuple[LogStream, ...]:
    """Return the log streams of an application as DescribeApplication returns it."""
    options = described.get("CloudWatchLoggingOptionDescriptions", ())
    found = (_LOG_STREAM_ARN.fullmatch(option.get("LogStreamARN", "")) for option in options)
    return tuple(LogStream(group=match[1], stream=match[2]) for match in found if match)


def parse_log_line(text: str, *, at: datetime, stream: str) -> LogLine:
    """Return a line of the log; a text that is not MSF's JSON is a message of level INFO."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or "message" not in fields:
        return LogLine(at=at, stream=stream, severity=Severity.INFO, logger="", message=text)
    return LogLine(
        at=at,
        stream=stream,
        severity=Severity.of(str(fields.get("messageType", ""))),
        logger=str(fields.get("logger", "")),
        message=str(fields["message"]),
        throwable=_lines(fields.get("throwableInformation")),
        version_id=str(fields.get("applicationVersionId", "")),
    )


def _lines(throwable: Any) -> tuple[str, ...]:
    parts = throwable if isinstance(throwable, list) else [throwable] if throwable else []
    return tuple(line for part in parts for line in str(part).splitlines())


class PythonErrors:
    """Raises the lines of Python's tracebacks to ERROR, as they come; each stream has its sequence of lines."""

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}

    def judge(self, line: LogLine) -> LogLine:
        """Return a line, as an ERROR if it is part of an error of Python."""
        if not line.is_of_python:
            return line
        part = _next_part(self._parts.get(line.stream, _Part.OUTPUT), line.message)
        self._parts[line.stream] = part
        return line if part is _Part.OUTPUT else replace(line, severity=Severity.ERROR)


class _Part(Enum):
    """The part of Python's output that a line is."""

    OUTPUT = "what the job prints"
    FRAMES = "the stack of a traceback"
    EXCEPTION = "the exception, and its message"


def _next_part(before: _Part, text: str) -> _Part:
    if text.startswith(_MARK):
        return _Part.OUTPUT
    if _FRAMES.match(text):
        return _Part.FRAMES
    if before is _Part.FRAMES:
        # The first line without an indentation is the exception, whatever its name.
        return _Part.FRAMES if text.startswith(" ") else _Part.EXCEPTION
    if _EXCEPTION.match(text) or (before is _Part.EXCEPTION and _CONTINUATION.match(text)):
        return _Part.EXCEPTION
    return _Part.OUTPUT


def filter_pattern(least: Severity) -> str:
    """Return the filter pattern of CloudWatch Logs for all lines that may be of a level or above; "" for all lines.

    All of Python's output is among them: the lines around a line tell if it is an error.
    """
    if least < Severity.WARN:
        return ""
    levels = [name for name, severity in _LEVELS.items() if severity >= least]
    terms = [f'($.messageType = "{level}")' for level in levels] + [f'($.logger = "*{PYTHON_DRIVER}")']
    return "{ " + " || ".join(terms) + " }"
