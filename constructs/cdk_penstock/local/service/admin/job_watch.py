"""Changes that no record shows: a job that fails and restarts while its application stays RUNNING."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from cdk_penstock.local.service.feed import Feed
    from cdk_penstock.local.service.msf import Msf


_Seen = tuple[str, str, int, bool]


class JobWatch:
    """Looks at all jobs every few seconds while somebody follows the feed: once, however many do.

    Parameters
    ----------
    msf
        The service.
    feed
        Where a change is told.
    interval_seconds
        The time between two looks.
    """

    def __init__(self, msf: Msf, feed: Feed, *, interval_seconds: float = 2.0) -> None:
        self._msf: Final = msf
        self._feed: Final = feed
        self._interval_seconds: Final = interval_seconds
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Look, for as long as this or another follower needs it."""
        self._followers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        seen = await run_in_threadpool(self._look)
        while True:
            await asyncio.sleep(self._interval_seconds)
            before, seen = seen, await run_in_threadpool(self._look)
            for arn in seen:
                if seen[arn] != before.get(arn, seen[arn]):
                    self._feed.publish({"application": arn})

    def _look(self) -> Mapping[str, _Seen]:
        driver = self._msf.driver
        seen = {}
        for each in self._msf.store.active_applications():
            job = driver.observe(each.uid)
            seen[each.arn] = (job.state.value, job.error, job.restarts, self._msf.has_flink_pages(each.uid))
        return seen
