"""Custom resources: CloudFormation calls the function that the service token names, and takes over what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.engine.resources import Made, ResourceProvider
from cdk_penstock.rehearsal.functions.function_errors import NotRunnableFunctionError
from cdk_penstock.rehearsal.providers.resource_attributes import AnyAttribute
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted
    from cdk_penstock.rehearsal.world.world import World

_TOKEN: Final = "ServiceToken"  # noqa: S105 - the name of a property


class CustomResources(ResourceProvider):
    """The provider of all custom resources.

    Parameters
    ----------
    world
        The world, whose functions are called.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._not_run: dict[str, str] = {}

    def create(self, wanted: Wanted) -> Made:
        """Send Create."""
        return self._send("Create", wanted)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Send Update with the old properties."""
        return self._send("Update", wanted, existing=existing)

    def delete(self, existing: Existing) -> None:
        """Send Delete."""
        self._send("Delete", existing.wanted, existing=existing)

    def not_proven(self, wanted: Wanted) -> str:
        """Return why the function of a resource was not run, empty if it was."""
        return self._not_run.get(str(wanted.properties.get(_TOKEN)), "")

    def _send(self, request_type: str, wanted: Wanted, *, existing: Existing | None = None) -> Made:
        token = str(wanted.properties.get(_TOKEN))
        event = self._event(request_type, wanted, existing)
        unanswered = self._world.gateway.unanswered
        before = unanswered.count
        try:
            answer = self._world.functions.invoke_custom_resource(token, event)
        except NotRunnableFunctionError as error:
            return self._not_proven(token, f"its function is not run: {error}", wanted, existing)
        if not answer.succeeded and unanswered.count > before:
            return self._not_proven(token, unanswered.sentences[-1], wanted, existing)
        made = Made(physical_id=answer.physical_id or wanted.logical_id, attributes=answer.data)
        if not answer.succeeded:
            raise ResourceFailedError(f"received response status [FAILED]: {answer.reason}", made=made)
        return made

    def _not_proven(self, token: str, reason: str, wanted: Wanted, existing: Existing | None) -> Made:
        """Go on as if it had succeeded, and remember why this proves nothing."""
        self._not_run[token] = reason
        physical_id = existing.made.physical_id if existing else wanted.generated_name()
        return Made(physical_id=physical_id, attributes=AnyAttribute(wanted.logical_id))

    def _event(self, request_type: str, wanted: Wanted, existing: Existing | None) -> dict[str, Any]:
        text = f"{wanted.place.stack_id}/{wanted.logical_id}/{len(self._world.timeline.entries)}"
        event: dict[str, Any] = {
            "RequestType": request_type,
            "ServiceToken": wanted.properties.get(_TOKEN),
            "StackId": wanted.place.stack_id,
            "RequestId": hashlib.sha256(text.encode()).hexdigest()[:32],
            "LogicalResourceId": wanted.logical_id,
            "ResourceType": wanted.type,
            "ResourceProperties": as_texts(wanted.properties),
        }
        if existing is not None:
            event["PhysicalResourceId"] = existing.made.physical_id
        if existing is not None and request_type == "Update":
            event["OldResourceProperties"] = as_texts(existing.wanted.properties)
        return event


def as_texts(value: Any) -> Any:
    """Return properties as CloudFormation sends them: every number and boolean is a text."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case Mapping():
            return {key: as_texts(each) for key, each in value.items()}
        case list():
            return [as_texts(each) for each in value]
        case _:
            return value
