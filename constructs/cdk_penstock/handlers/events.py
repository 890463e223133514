"""The events of the CDK's provider framework, and the properties in them; CloudFormation sends strings only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("Event", "EventError", "RequestType", "Result", "complete", "not_complete")

_PATIENCE: Final = timedelta(minutes=52)

RequestType = str
Result = dict[str, Any]


class EventError(PenstockError):
    """An event that the handler cannot use: a mistake in the template, or one that nobody waits for any more."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event.

    Parameters
    ----------
    request_type
        ``Create``, ``Update`` or ``Delete``; a rollback is an Update with the old properties.
    properties
        The ResourceProperties.
    old_properties
        The OldResourceProperties of an Update.
    physical_resource_id
        Empty on Create.
    stack_id
        The ARN of the stack that the resource is in.
    started_at
        When ``on_event`` was called, in whole seconds as MSF counts, for ``is_complete``; None in ``on_event``.
    found
        What ``on_event`` found and ``is_complete`` reports.
    """

    request_type: RequestType
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    physical_resource_id: str = ""
    stack_id: str = ""
    started_at: datetime | None = None
    found: str = ""

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Event:
        """Return the event that the framework sent."""
        started_at = event.get("StartedAt")
        return cls(
            request_type=event["RequestType"],
            properties=event.get("ResourceProperties", {}),
            old_properties=event.get("OldResourceProperties", {}),
            physical_resource_id=event.get("PhysicalResourceId", ""),
            stack_id=event.get("StackId", ""),
            started_at=None if started_at is None else datetime.fromtimestamp(int(started_at), UTC),
            found=event.get("Found", ""),
        )

    @property
    def is_delete(self) -> bool:
        """Whether the resource goes."""
        return self.request_type == "Delete"

    @property
    def begin(self) -> datetime:
        """When ``on_event`` was called; raise EventError where that is unknown."""
        if self.started_at is None:
            message = "expected StartedAt in the event of is_complete, got none: on_event has to return it"
            raise EventError(message)
        return self.started_at

    def refuse_late(self, now: datetime) -> None:
        """Raise EventError where CloudFormation may have given up on the event, and be doing something else by now."""
        if now - self.begin >= _PATIENCE:
            message = (
                f"gave up on {self.request_type} after {_PATIENCE.total_seconds() / 60:.0f} minutes, because"
                " CloudFormation waits for an hour at most: see what became of it, then deploy again"
            )
            raise EventError(message)

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return a property; raise EventError where it is missing, or not a string."""
        value = self.properties.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            message = f"expected the property {name} to be a string, got {value!r}: set it in the template"
            raise EventError(message)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a property that is a list, empty where it is missing."""
        value = self.properties.get(name) or ()
        if isinstance(value, str) or not all(isinstance(each, str) for each in value):
            message = f"expected the property {name} to be a list of strings, got {value!r}: set it in the template"
            raise EventError(message)
        return tuple(value)

    def seconds(self, name: str) -> int:
        """Return a property that is a number of seconds."""
        text = self.text(name)
        if not text.isdecimal():
            message = f"expected the property {name} to be a whole number of seconds, got {text!r}"
            raise EventError(message)
        return int(text)


def complete(**data: str) -> Result:
    """Return that the event is done, with the resource's attributes."""
    return {"IsComplete": True, "Data": data}


def not_complete() -> Result:
    """Return that the framework is to ask again; it refuses attributes with this answer."""
    return {"IsComplete": False}
