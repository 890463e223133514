"""The account in which experiments run, and its clients."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ("TAG", "Account", "ExperimentError", "code_of", "pages")

TAG: Final = "penstock:account-question"
"""The tag of everything that an experiment creates; its value is the experiment's name."""

_PAUSE_SECONDS: Final = 5.0


class ExperimentError(Exception):
    """The experiment has no answer; the message has the reason and the fix."""


def _new_prefix() -> str:
    return f"account-question-{secrets.token_hex(4)}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Clients by service name, account and Region, the resources that experiments read, and the clock.

    ``prefix`` begins the name of everything that is created.
    """

    client: Callable[[str], Any]
    account_id: str
    region: str
    partition: str
    stack: str | None = None
    application: str | None = None
    cluster: str | None = None
    prefix: str = field(default_factory=_new_prefix)
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def target(self, name: str) -> str:
        """Return the name of the stack, application or cluster; the runner has checked that there is one."""
        value: str = getattr(self, name)
        return value

    def wait_for(self, look: Callable[[], Any], *, until: str, seconds: float) -> Any:
        """Return the first answer of ``look`` that is not empty, or raise ExperimentError."""
        end = self.now() + seconds
        while True:
            found = look()
            if found:
                return found
            if self.now() >= end:
                raise ExperimentError(f"waited {seconds:g} seconds until {until}: try again later")
            self.sleep(_PAUSE_SECONDS)


def pages(call: Callable[..., dict[str, Any]], **request: Any) -> Iterator[dict[str, Any]]:
    """Yield each page of an answer that has NextToken."""
    page = call(**request)
    yield page
    while "NextToken" in page:
        page = call(**request, NextToken=page["NextToken"])
        yield page


def code_of(error: Any) -> str:
    """Return the code of a ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))
