"""The changes as server-sent events.

See https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.responses import StreamingResponse

from cdk_penstock.local.service.admin_answers import refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from cdk_penstock.local.service.admin.job_watch import JobWatch
    from cdk_penstock.local.service.feed import Feed


_MOST_CLIENTS: Final = 100


class EventStream:
    """Answers each client with the changes from now on, until it goes or the feed is closed.

    The first event is ``hello``: whoever gets it, also after a lost connection, reads the state. Each event ``change``
    has its number as id: a client that reads too slowly sees a gap.

    Parameters
    ----------
    feed
        The changes.
    jobs
        Looks at jobs meanwhile.
    heartbeat_seconds
        After how long without a change a comment is sent, by which both sides notice a lost connection.
    """

    def __init__(self, feed: Feed, jobs: JobWatch, *, heartbeat_seconds: float = 10.0) -> None:
        self._feed: Final = feed
        self._jobs: Final = jobs
        self._heartbeat_seconds: Final = heartbeat_seconds

    async def answer(self, _request: Request) -> Response:
        """Answer a client."""
        if self._feed.subscribers >= _MOST_CLIENTS:
            message = f"{_MOST_CLIENTS} clients follow the events, the limit: close pages or connections that you left"
            return refusal(503, "TooManyClients", message)
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        async with self._jobs.followed():
            with self._feed.subscribe() as subscription:
                yield f"retry: 1000\nevent: hello\nid: {self._feed.revision}\ndata: {{}}\n\n"
                while not subscription.has_ended:
                    messages = await subscription.messages(self._heartbeat_seconds)
                    for each in messages:
                        yield f"event: change\nid: {each.number}\ndata: {json.dumps(each.facts)}\n\n"
                    if not messages:
                        yield ": still here\n\n"
