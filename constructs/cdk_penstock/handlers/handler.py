"""The base of every handler, which waits in one place for failures that pass by themselves.

Permissions that are not in force yet, throttling, failures inside AWS and a service out of reach fail a call, and the
CDK's provider framework does not call a handler again that has raised: the deployment would be rolled back, and a
cluster of forty minutes deleted. ``is_complete`` says instead that it is not done; ``on_event``, which has to answer,
waits in place.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, final

from botocore.exceptions import BotoCoreError, ClientError

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.retries import passes_within_seconds
from cdk_penstock.handlers.events import Event, Result, not_complete

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.clients import Clock

    EntryPoint = Callable[[Mapping[str, Any], object], Result]

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_PLACE_SECONDS: Final = 240.0
"""Longest wait of ``on_event``: it and the last call in it end before its Lambda function does, after ten minutes."""
_PAUSE_SECONDS: Final = 10.0


class _HasClock(Protocol):
    @property
    def clock(self) -> Clock:
        """The time."""


ServicesT = TypeVar("ServicesT", bound=_HasClock)


class Handler(ABC, Generic[ServicesT]):
    """Answers the framework's two calls for one type of custom resource, with the clients and the time it is given."""

    def __init__(self, services: ServicesT) -> None:
        self._services = services
        self._clock = services.clock

    @abstractmethod
    def begin(self, event: Event) -> Result:
        """Check the properties, look, and change nothing; return the physical id and what is to be remembered."""

    @abstractmethod
    def advance(self, event: Event) -> Result:
        """Take the next step, and say whether the event is done."""

    @final
    def on_event(self, event: Event) -> Result:
        """Answer the framework's first call for an event."""
        first = self._clock.now()
        while True:
            try:
                answer = self.begin(event)
            except (ControlError, ClientError, BotoCoreError) as error:
                waited = (self._clock.now() - first).total_seconds()
                _raise_unless_it_passes(error, event, waited_seconds=waited, at_most_seconds=_PLACE_SECONDS)
                self._clock.sleep(_PAUSE_SECONDS)
            else:
                return {"StartedAt": str(int(self._clock.now().timestamp())), **answer}

    @final
    def is_complete(self, event: Event) -> Result:
        """Answer the framework's question whether the event is done."""
        event.refuse_late(self._clock.now())
        try:
            return self.advance(event)
        except (ControlError, ClientError, BotoCoreError) as error:
            waited = (self._clock.now() - event.begin).total_seconds()
            _raise_unless_it_passes(error, event, waited_seconds=waited)
            return not_complete()


def _raise_unless_it_passes(
    error: Exception, event: Event, *, waited_seconds: float, at_most_seconds: float = float("inf")
) -> None:
    patience = min(passes_within_seconds(error), at_most_seconds)
    if waited_seconds < patience:
        _LOG.info("%s waits: %s", event.request_type, error)
        return
    if isinstance(error, ControlError) or not patience:
        raise error
    raise ControlError(f"gave up on {event.request_type} after {waited_seconds:.0f} seconds of: {error}") from error


def entry_points(choose: Callable[[Mapping[str, Any]], Handler[Any]]) -> tuple[EntryPoint, EntryPoint]:
    """Return ``on_event`` and ``is_complete`` of a Lambda function; ``choose`` makes the handler of an event."""

    def on_event(event: Mapping[str, Any], context: object) -> Result:
        del context
        return choose(event).on_event(Event.parse(event))

    def is_complete(event: Mapping[str, Any], context: object) -> Result:
        del context
        return choose(event).is_complete(Event.parse(event))

    return on_event, is_complete
