"""All entries of a list that MSF answers in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.retries import PROPAGATION_SECONDS, call_with_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.control.clients import Clock, Response

PAGE_ENTRIES: Final = 50
"""The most entries that MSF puts into a page."""


def entries_of_pages(
    call: Callable[..., Response],
    member: str,
    *,
    action: str,
    clock: Clock,
    propagation_seconds: float = PROPAGATION_SECONDS,
    **request: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the entries of all pages, each page asked for when it is needed.

    Parameters
    ----------
    call
        The method of a client.
    member
        The member of the answer that has the entries.
    action
        The call in words, for messages.
    clock
        The time.
    propagation_seconds
        How long a missing permission is waited for.
    request
        The other parameters of the call.
    """
    given = {"Limit": PAGE_ENTRIES, **request}
    while True:
        page = call_with_retry(
            lambda: call(**given), action=action, clock=clock, propagation_seconds=propagation_seconds
        )
        yield from page.get(member, ())
        if not page.get("NextToken"):
            return
        given["NextToken"] = page["NextToken"]
