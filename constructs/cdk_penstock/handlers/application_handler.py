"""The custom resources of an application, by their type: one function serves them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.handlers.application_key_handler import ApplicationKeyHandler
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.kept_parallelism_handler import KeptParallelismHandler
from cdk_penstock.handlers.services import Services
from cdk_penstock.handlers.verified_start_handler import VerifiedStartHandler
from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource

if TYPE_CHECKING:
    from collections.abc import Callable

_BY_TYPE: Final[dict[str, Callable[[Services], Handler[Services]]]] = {
    ApplicationKeyResource.resource_type: ApplicationKeyHandler,
    KeptParallelismResource.resource_type: KeptParallelismHandler,
    VerifiedStartResource.resource_type: VerifiedStartHandler,
}

on_event, is_complete = entry_points(lambda event: _BY_TYPE[event["ResourceType"]](Services()))
