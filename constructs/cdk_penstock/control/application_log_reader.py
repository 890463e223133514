"""The log of an application in CloudWatch Logs: read in pages, followed, and its last lines. Nothing is changed.

Sources: API_FilterLogEvents and API_GetLogEvents of CloudWatch Logs. A page may be empty although more follow.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions
from botocore.exceptions import ClientError

from cdk_penstock.control.errors import BusyError, ControlError
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.log_lines import PythonErrors, parse_log_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cdk_penstock.control.clients import Clock, LogsClient, Response
    from cdk_penstock.model.log_lines import LogLine, LogStream

_POLL_SECONDS: Final = 3.0
_LATE: Final = timedelta(seconds=60)
"""A line may become visible this long after its time, when newer lines have been seen already."""
_MOST_LAST_PAGES: Final = 20
_MOST_EVENTS: Final = 10_000
_BUSY_PAUSE_SECONDS: Final = 2.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_BUSY_ATTEMPTS: Final = 6


class ApplicationLogReader:
    """The lines of some log streams, in the order of their times.

    Parameters
    ----------
    client
        ``logs``, with the credentials of whoever may read the log groups.
    clock
        The time.
    """

    def __init__(self, client: LogsClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def read(self, streams: Iterable[LogStream], *, since: datetime, pattern: str = "") -> Iterator[LogLine]:
        """Yield the lines since a moment, with errors of Python as ERROR.

        Raises
        ------
        ControlError
            A log group or stream does not exist, the caller may not read it, or CloudWatch Logs throttles for minutes.
        """
        return self._judged(self._events(_by_group(streams), since, pattern, until=self._clock.now()))

    def follow(self, streams: Iterable[LogStream], *, since: datetime, pattern: str = "") -> Iterator[LogLine]:
        """Yield the lines since a moment, then each new one as it comes, without an end.

        A line is yielded once, also if it becomes visible after newer ones; throttling is waited for without an end.
        """
        return self._judged(self._followed(_by_group(streams), since, pattern))

    def last_lines(self, stream: LogStream, count: int) -> list[LogLine]:
        """Return the last lines of a stream."""
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "logGroupName": stream.group,
            "logStreamName": stream.stream,
            "startFromHead": False,
            "limit": min(count, _MOST_EVENTS),
        }
        for _ in range(_MOST_LAST_PAGES):
            page = self._ask(
                lambda: self._client.get_log_events(**request), stream.group, "logs:GetLogEvents", attempts=1
            )
            found = [*page["events"], *found]
            # The end is reached where the token stays the same.
            if len(found) >= count or page["nextBackwardToken"] == request.get("nextToken"):
                break
            request["nextToken"] = page["nextBackwardToken"]
        events = ({"logStreamName": stream.stream, **each} for each in found)
        return list(self._judged(events))[-count:]

    @staticmethod
    def _judged(events: Iterable[dict[str, Any]]) -> Iterator[LogLine]:
        errors = PythonErrors()
        for event in events:
            at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            yield errors.judge(parse_log_line(event["message"], at=at, stream=event["logStreamName"]))

    def _events(
        self, groups: dict[str, list[str]], since: datetime, pattern: str, *, until: datetime | None
    ) -> Iterator[dict[str, Any]]:
        """Yield the events of all groups by their times; without ``until``, throttling is waited for without an end."""
        request: dict[str, Any] = {"startTime": _milliseconds(since)}
        if until is not None:
            request["endTime"] = _milliseconds(until)
        if pattern:
            request["filterPattern"] = pattern
        of_groups = [
            self._events_of_group({**request, "logGroupName": group, "logStreamNames": streams})
            for group, streams in groups.items()
        ]
        return heapq.merge(*of_groups, key=lambda event: int(event["timestamp"]))

    def _events_of_group(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        attempts = _BUSY_ATTEMPTS if "endTime" in request else None
        while True:
            page = self._ask(
                lambda: self._client.filter_log_events(**request),
                request["logGroupName"],
                "logs:FilterLogEvents",
                attempts=attempts,
            )
            yield from page.get("events", ())
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]

    def _followed(self, groups: dict[str, list[str]], since: datetime, pattern: str) -> Iterator[dict[str, Any]]:
        seen: dict[str, int] = {}
        begin = since
        while True:
            newest = begin
            for event in self._events(groups, begin, pattern, until=None):
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                newest = max(newest, at)
                if event["eventId"] not in seen:
                    seen[event["eventId"]] = event["timestamp"]
                    yield event
            begin = max(since, newest - _LATE)
            seen = {event: at for event, at in seen.items() if at >= _milliseconds(begin)}
            self._clock.sleep(_POLL_SECONDS)

    def _ask(self, call: Callable[[], Response], group: str, permission: str, *, attempts: int | None) -> Response:
        """Return an answer of CloudWatch Logs. Throttling is waited for.

        Without a number of ``attempts`` that has no end, and a lost connection is waited for as well.
        """
        tried, pause = 0, _BUSY_PAUSE_SECONDS
        while True:
            try:
                return call_with_retry(
                    call,
                    action=f"read the log group {group} ({permission})",
                    clock=self._clock,
                    propagation_seconds=0,
                    reraise_codes=("ResourceNotFoundException",),
                )
            except (BusyError, exceptions.ConnectionError, exceptions.HTTPClientError) as error:
                tried += 1
                if attempts is not None and (tried >= attempts or not isinstance(error, BusyError)):
                    raise
                self._clock.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            except ClientError as error:
                raise ControlError(
                    f"the application writes its log to the log group {group}, but the group or its stream does not"
                    " exist in this account and Region: create it again, or change the application's CloudWatch"
                    f" logging option. CloudWatch Logs answered {error.response['Error'].get('Message', '')}"
                ) from error


def _by_group(streams: Iterable[LogStream]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for each in streams:
        groups[each.group].append(each.stream)
    return dict(groups)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
