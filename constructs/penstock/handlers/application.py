"""The custom resources of an application, by their type: one function serves them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from penstock.handlers import application_key, application_start
from penstock.model.names import APPLICATION_KEY_RESOURCE, APPLICATION_START_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from penstock.handlers.events import Result

__all__ = ("is_complete", "on_event")

_BY_TYPE: Final[dict[str, ModuleType]] = {
    APPLICATION_KEY_RESOURCE: application_key,
    APPLICATION_START_RESOURCE: application_start,
}


def on_event(event: Mapping[str, Any], context: object) -> Result:
    """Answer the framework's first call for an event."""
    answer: Result = _BY_TYPE[event["ResourceType"]].on_event(event, context)
    return answer


def is_complete(event: Mapping[str, Any], context: object) -> Result:
    """Answer the framework's question whether the event is done."""
    answer: Result = _BY_TYPE[event["ResourceType"]].is_complete(event, context)
    return answer
