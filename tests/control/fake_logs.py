"""CloudWatch Logs with the lines of applications: pages are small, the first is empty, and lines may come late."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.control.fake_aws import ACCOUNT, REGION, refuse

if TYPE_CHECKING:
    from datetime import datetime

    from tests.control.fake_aws import World

GROUP, STREAM = "/aws/kinesis-analytics/vehicles", "kinesis-analytics-log-stream"
STREAM_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:log-stream:{STREAM}"
PYTHON = "org.apache.flink.client.python.PythonDriver"
_PAGE, _PAGE_OF_A_STREAM = 2, 40
_TERM = re.compile(r'\(\$\.(\w+) = "(\*?)([^"]+)"\)')


def msf_line(message: str, level: str = "INFO", *, logger: str = "org.apache.flink.Task", **more: Any) -> str:
    """Return a line as MSF writes it."""
    return json.dumps(
        {
            "applicationARN": f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/vehicles",
            "applicationVersionId": "1",
            "logger": logger,
            "message": message,
            "messageSchemaVersion": "1",
            "messageType": level,
            "threadName": "main",
            **more,
        }
    )


class FakeLogs:
    """The streams of some groups."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.groups: dict[str, set[str]] = {}
        self.last_at = world.time
        """The time of the line that was written last."""
        self._events: list[tuple[str, datetime, dict[str, Any]]] = []

    def put(
        self, message: str, *, group: str = GROUP, stream: str = STREAM, ago: float = 0, visible_in: float = 0
    ) -> None:
        """Write a line, with the time of so many seconds ago, that is seen after some seconds."""
        self.groups.setdefault(group, set()).add(stream)
        self.last_at = at = self._world.time - timedelta(seconds=ago)
        event = {
            "logStreamName": stream,
            "timestamp": int(at.timestamp() * 1000),
            "message": message,
            "eventId": str(len(self._events)),
        }
        self._events.append((group, self._world.time + timedelta(seconds=visible_in), event))

    def _visible(self, group: str, streams: set[str]) -> list[dict[str, Any]]:
        if not streams <= self.groups.get(group, set()):
            refuse("ResourceNotFoundException", "The specified log group does not exist.")
        found = [
            event
            for name, visible_at, event in self._events
            if name == group and visible_at <= self._world.time and event["logStreamName"] in streams
        ]
        return sorted(found, key=lambda event: event["timestamp"])

    def filter_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        logStreamNames: list[str],  # noqa: N803
        startTime: int,  # noqa: N803
        endTime: int = 1 << 62,  # noqa: N803
        filterPattern: str = "",  # noqa: N803
        nextToken: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        found = [
            event
            for event in self._visible(logGroupName, set(logStreamNames))
            if startTime <= event["timestamp"] <= endTime and _matches(event["message"], filterPattern)
        ]
        if not nextToken:
            return {"events": [], "nextToken": "0"}
        index = int(nextToken)
        page = {"events": found[index : index + _PAGE]}
        return page | ({"nextToken": str(index + _PAGE)} if index + _PAGE < len(found) else {})

    def get_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        logStreamName: str,  # noqa: N803
        startFromHead: bool,  # noqa: N803
        limit: int,
        nextToken: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        assert not startFromHead
        found = self._visible(logGroupName, {logStreamName})
        if not nextToken:
            return {"events": [], "nextBackwardToken": str(len(found)), "nextForwardToken": "f"}
        end = int(nextToken)
        begin = max(end - min(_PAGE_OF_A_STREAM, limit), 0)
        events = [{name: event[name] for name in ("timestamp", "message")} for event in found[begin:end]]
        return {"events": events, "nextBackwardToken": str(begin), "nextForwardToken": "f"}


def _matches(message: str, pattern: str) -> bool:
    """Return True if a line matches a pattern, as far as the library writes patterns."""
    if not pattern:
        return True
    terms = _TERM.findall(pattern)
    assert "{ " + " || ".join(f'($.{name} = "{star}{text}")' for name, star, text in terms) + " }" == pattern
    try:
        fields = json.loads(message)
    except ValueError:
        return False
    return any(fields.get(name, "").endswith(text) if star else fields.get(name) == text for name, star, text in terms)
