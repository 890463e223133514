"""The events of the CDK's provider framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE: Final = timedelta(minutes=52)

RequestType = str
Result = dict[str, Any]
ResourceT = TypeVar("ResourceT", bound=CustomResourceProperties)


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
        The time of the call of ``on_event``, in whole seconds as MSF counts, for ``is_complete``; None in ``on_event``.
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
        """True if the resource is being deleted."""
        return self.request_type == "Delete"

    @property
    def begin(self) -> datetime:
        """The time of the call of ``on_event``; raises PenstockError where it is unknown."""
        if self.started_at is None:
            raise PenstockError("expected StartedAt in the event of is_complete, got none: on_event has to return it")
        return self.started_at

    def refuse_late(self, now: datetime) -> None:
        """Raise PenstockError if CloudFormation may have given up on the event, and be doing something else."""
        if now - self.begin >= _PATIENCE:
            raise PenstockError(
                f"gave up on {self.request_type} after {_PATIENCE.total_seconds() / 60:.0f} minutes, because"
                " CloudFormation waits for an hour at most: see what became of it, then deploy again"
            )

    def resource(self, kind: type[ResourceT]) -> ResourceT:
        """Return the properties as the resource's class; raises PenstockError where they do not fit it."""
        return (
            kind.from_earlier_properties(self.properties) if self.is_delete else kind.from_properties(self.properties)
        )

    def old_resource(self, kind: type[ResourceT]) -> ResourceT | None:
        """Return the properties before an Update as the resource's class, None where there are none."""
        return kind.from_earlier_properties(self.old_properties) if self.old_properties else None


def complete(**data: str) -> Result:
    """Return that the event is done, with the resource's attributes."""
    return {"IsComplete": True, "Data": data}


def not_complete() -> Result:
    """Return that the framework is to ask again; it refuses attributes with this answer."""
    return {"IsComplete": False}
