"""The custom resources of an application, by their type: one function serves them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.handlers.application_key import ApplicationKeyHandler
from cdk_penstock.handlers.application_start import ApplicationStartHandler
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.names import APPLICATION_KEY_RESOURCE, APPLICATION_START_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("is_complete", "on_event")

_BY_TYPE: Final[dict[str, Callable[[Services], Handler]]] = {
    APPLICATION_KEY_RESOURCE: ApplicationKeyHandler,
    APPLICATION_START_RESOURCE: ApplicationStartHandler,
}

on_event, is_complete = entry_points(lambda event: _BY_TYPE[event["ResourceType"]](Services()))
