"""One application of MSF, as CloudFormation calls it for a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.lifecycle.refusals import RefusalCode
from cdk_penstock.model.lifecycle.statuses import OperationStatus
from cdk_penstock.rehearsal.providers.service_calls_of_stacks import CloudFormationMsf, MsfRefusedError, tag_map
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.engine.resources import StackPlace
    from cdk_penstock.rehearsal.world.world import World

_POLL_SECONDS: Final = 10.0
_LONGEST_WAIT_SECONDS: Final = 3_600.0
_STEADY: Final = frozenset({"READY", "RUNNING"})
_WINDOW: Final = "ApplicationMaintenanceWindowStartTime"


class DeployedApplication:
    """An application, as CloudFormation calls MSF for it.

    Parameters
    ----------
    world
        The world.
    place
        The stack.
    name
        The application.
    """

    def __init__(self, world: World, place: StackPlace, name: str) -> None:
        self._msf = CloudFormationMsf(world, place)
        self._world = world
        self.name = name

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Call an operation on the application; raise ResourceFailedError if MSF refuses it."""
        return self._msf.call(operation, ApplicationName=self.name, **parameters)

    def describe(self) -> Mapping[str, Any]:
        """Return ApplicationDetail."""
        detail: Mapping[str, Any] = self.call("DescribeApplication")["ApplicationDetail"]
        return detail

    def exists(self) -> bool:
        """Return True if MSF has the application."""
        try:
            self.describe()
        except MsfRefusedError as error:
            if error.code == RefusalCode.RESOURCE_NOT_FOUND:
                return False
            raise
        return True

    def change(self, operation: str, **parameters: Any) -> None:
        """Call an operation that makes a new version, and wait for its end.

        Raises ResourceFailedError if MSF refuses it, or it fails.
        """
        version = self.describe()["ApplicationVersionId"]
        answer = self.call(operation, CurrentApplicationVersionId=version, **parameters)
        detail = self._wait()
        application = self._world.msf.store.application(detail["ApplicationARN"])
        ended = self._world.msf.store.operation(application, answer["OperationId"])
        if ended.status is OperationStatus.FAILED:
            raise ResourceFailedError(f"{operation} of {self.name} failed: {ended.error}")

    def _wait(self) -> Mapping[str, Any]:
        waited = 0.0
        while (detail := self.describe())["ApplicationStatus"] not in _STEADY:
            if waited >= _LONGEST_WAIT_SECONDS:
                raise ResourceFailedError(f"{self.name} is still {detail['ApplicationStatus']} after {waited:.0f} s")
            self._world.clock.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        return detail

    def wait_until_gone(self) -> None:
        """Wait for the end of a deletion; raise ResourceFailedError if it does not end."""
        waited = 0.0
        while self.exists():
            if waited >= _LONGEST_WAIT_SECONDS:
                raise ResourceFailedError(f"{self.name} is still there after {waited:.0f} s")
            self._world.clock.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS

    def set_window(self, start: str) -> None:
        """Set the start of the maintenance window."""
        update = {f"{_WINDOW}Update": start}
        self.call("UpdateApplicationMaintenanceConfiguration", ApplicationMaintenanceConfigurationUpdate=update)

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags."""
        return tag_map(self._msf.call("ListTagsForResource", ResourceARN=arn)["Tags"])

    def set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Change the tags to these."""
        present = self.tags(arn)
        gone = [key for key in present if key not in tags]
        new = [{"Key": key, "Value": value} for key, value in tags.items() if present.get(key) != value]
        if gone:
            self._msf.call("UntagResource", ResourceARN=arn, TagKeys=gone)
        if new:
            self._msf.call("TagResource", ResourceARN=arn, Tags=new)
