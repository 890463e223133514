"""CloudFormation's calls of a service for a resource: decided for the stack's execution role, then carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.shapes.service_shapes import ServiceShapes
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError, ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.service_answers import CallScope, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.rehearsal.engine.resources import StackPlace
    from cdk_penstock.rehearsal.world.world import World

_MSF = "kinesisanalyticsv2"


class CloudFormationKms:
    """KMS, as CloudFormation calls it for a stack.

    Parameters
    ----------
    world
        The world.
    place
        The stack.
    """

    def __init__(self, world: World, place: StackPlace) -> None:
        self._world = world
        self._actor = place.cloudformation
        self._scope = CallScope(account=place.account, region=place.region)

    def require(self, operation: str, *resources: str, context: Mapping[str, Any] | None = None) -> None:
        """Ask for the permission of a call on resources; raise ResourceFailedError if it is denied."""
        try:
            for resource in resources:
                self._world.authority.require(self._actor, f"kms:{operation}", resource, self._context(context))
        except DeniedError as error:
            raise ResourceFailedError(str(error)) from error

    def may(self, operation: str, resource: str) -> bool:
        """Return True if a call is allowed that CloudFormation can do without."""
        return self._world.authority.ask(self._actor, f"kms:{operation}", resource, self._context(None)).allowed

    def _context(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"aws:RequestedRegion": self._scope.region, **(context or {})}

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Carry out an operation that is allowed; raise ResourceFailedError with KMS's message if it refuses."""
        try:
            return self._world.kms.call(operation, parameters, self._actor, self._scope)
        except ServiceRefusedError as error:
            raise ResourceFailedError(f"{error} (Service: Kms, Error Code: {error.code})") from error

    def key_arn(self, key_id: str) -> str:
        """Return the ARN of a key, by its id or ARN."""
        return self._world.kms.keys.arn_of(key_id, self._scope)


class CloudFormationMsf:
    """MSF, as CloudFormation calls it for a stack: the service asks for the permissions itself.

    Parameters
    ----------
    world
        The world.
    place
        The stack.
    """

    _shapes: ServiceShapes | None = None

    def __init__(self, world: World, place: StackPlace) -> None:
        self.world = world
        self._actor = place.cloudformation
        self._scope = CallScope(account=place.account, region=place.region)
        world.sessions.remember(place.role_session_arn, MadeBy.CLOUDFORMATION)

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Call an operation with JSON values; raise ResourceFailedError with MSF's message if it refuses."""
        try:
            given = self._read(operation, parameters)
            return self.world.msf_answers.call(operation, given, self._actor, self._scope)
        except RefusedCallError as error:
            raise ResourceFailedError(_message(str(error), error.code.value)) from error
        except ServiceRefusedError as error:
            raise MsfRefusedError(_message(str(error), error.code), code=error.code) from error

    @classmethod
    def _read(cls, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if cls._shapes is None:
            cls._shapes = ServiceShapes(_MSF)
        return cls._shapes.read(operation, parameters)


def _message(text: str, code: str) -> str:
    return f"{text} (Service: KinesisAnalyticsV2, Error Code: {code})"


class MsfRefusedError(ResourceFailedError):
    """A call of CloudFormation that MSF refused.

    Parameters
    ----------
    message
        What CloudFormation shows.
    code
        MSF's error code.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def tag_map(tags: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return the tags of a resource by key."""
    return {str(each["Key"]): str(each["Value"]) for each in tags or ()}
