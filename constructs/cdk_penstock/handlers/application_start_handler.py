"""The handler that starts an application after its deployment, and stops it when its custom resource is deleted.

Attributes: ``Status``, ``ApplicationVersionId``, and on Delete ``RemainingNetworkInterfaces``.

End states, which each error's message names as well:

- Create or Update: RUNNING, or READY where a batch job has finished. Under another key than the expected one it
  is not started, and one that runs is left running; a Create says so before there is anything to roll back. A
  start that MSF failed leaves it READY, and is tried once a deployment. An update that MSF has failed or rolled back
  since the deployment began, or other code than the template's, fails the resource and leaves the application running
  as it is: CloudFormation then puts its template back.
- Delete of what the Create found running, which is also how that Create is rolled back: left as it is. The physical id
  says so.
- Any other Delete: stopped with a snapshot. Where none can be taken, because the job fails or its key is disabled, or
  where the application does not come to rest, for ``ForceStopAfterSeconds``: stopped with force, which loses what is
  newer than its last snapshot. Then its network interfaces are waited for, so that subnets and security groups can be
  deleted; after 20 minutes more the deletion goes on and names those that remain, which may be others' in a shared
  group.
- An application that is gone is stopped.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.errors import (
    ApplicationMissingError,
    ControlError,
    KeyUnusableError,
    SnapshotNotPossibleError,
)
from cdk_penstock.control.network_interfaces import network_interfaces
from cdk_penstock.control.stack_deployment import describe_deployment
from cdk_penstock.handlers.events import Event, Result, complete, not_complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.application_start_resource import ApplicationStartResource
from cdk_penstock.model.deployment import find_undone
from cdk_penstock.model.keys import ApplicationStatus

if TYPE_CHECKING:
    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.model.deployment import Revision

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_START: Final = "StartApplication"
_INTERFACES_SECONDS: Final = 20 * 60
_FORCEABLE: Final = frozenset(
    {
        ApplicationStatus.STARTING,
        ApplicationStatus.UPDATING,
        ApplicationStatus.STOPPING,
        ApplicationStatus.AUTOSCALING,
        ApplicationStatus.RUNNING,
    }
)
"""States in which StopApplication takes Force."""

_AT_REST: Final = frozenset(
    {
        ApplicationStatus.READY,
        ApplicationStatus.ROLLED_BACK,
        ApplicationStatus.STOPPING,
        ApplicationStatus.FORCE_STOPPING,
        ApplicationStatus.DELETING,
    }
)
"""States in which no job runs, or not for long."""
_FOUND_RUNNING: Final = "/found-running"


class ApplicationStartHandler(Handler[Services]):
    """Answers the framework's two calls with the clients it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties, look at the application, and change nothing."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        return {"PhysicalResourceId": self._physical_id(event.resource(ApplicationStartResource), event)}

    def advance(self, event: Event) -> Result:
        """Take the next step towards a running, or a stopped, application, and say whether it is there."""
        resource = event.resource(ApplicationStartResource)
        if event.is_delete and event.physical_resource_id.endswith(_FOUND_RUNNING):
            _LOG.info("left %s as it is: it ran before this resource was created", resource.application_name)
            return complete()
        application = self._application(resource)
        if not event.is_delete:
            return self._ensure_running(application, resource, event)
        try:
            stopped = self._ensure_stopped(application, resource, event)
        except ApplicationMissingError:
            stopped = True
        return self._without_interfaces(resource, event) if stopped else not_complete()

    def _physical_id(self, resource: ApplicationStartResource, event: Event) -> str:
        name = f"penstock-application-start/{resource.application_name}"
        if event.request_type != "Create":
            # CloudFormation takes another id for another resource, and deletes the one before.
            known = {name, f"{name}{_FOUND_RUNNING}"}
            return event.physical_resource_id if event.physical_resource_id in known else name
        detail = self._application(resource).describe()
        # Refused here, the framework keeps the Delete of the rollback from the handler.
        _check_key(detail, resource)
        return name if detail.status in _AT_REST else f"{name}{_FOUND_RUNNING}"

    def _application(self, resource: ApplicationStartResource) -> ApplicationControl:
        return self._services.application_control(resource.application_name, resource.operator_role_arn)

    def _ensure_running(
        self, application: ApplicationControl, resource: ApplicationStartResource, event: Event
    ) -> Result:
        detail = application.describe()
        if not detail.is_steady:
            _LOG.info("%s is %s", detail.name, detail.status)
            return not_complete()
        _check_key(detail, resource)
        if detail.is_running or self._has_finished(application, detail, event):
            self._check_undone(application, detail, resource.expected, event)
            return complete(Status=detail.status.value, ApplicationVersionId=str(detail.version_id))
        _LOG.info("start %s from its latest snapshot", detail.name)
        application.start()
        return not_complete()

    def _check_undone(
        self, application: ApplicationControl, detail: ApplicationDetail, expected: Revision | None, event: Event
    ) -> None:
        if expected is None:
            return
        services, before = self._services, event.old_resource(ApplicationStartResource)
        deployment = describe_deployment(services.cloudformation(), event.stack_id, clock=services.clock)
        undone = find_undone(
            deployment,
            expected=expected,
            before=None if before is None else before.expected,
            found=detail.revision,
            operations=application.operations(since=deployment.began_at),
        )
        if undone is None:
            return
        what = ""
        if undone.operation is not None:
            what = f"; {undone.operation}: {application.reason_of(undone.operation)}"
        rolled_back = "" if detail.rolled_back_from is None else f", rolled back from {detail.rolled_back_from}"
        raise ControlError(
            f"application {detail.name} does not run what this deployment has asked for{what}; it is {detail.status} in"
            f" version {detail.version_id}{rolled_back}, with {detail.revision or 'code that is not in S3'}, expected"
            f" was {expected}: see the application's log for the cause, correct the job or its settings, and deploy"
            " again"
        )

    @staticmethod
    def _has_finished(application: ApplicationControl, detail: ApplicationDetail, event: Event) -> bool:
        """Return True if this deployment started a batch job that has finished; raise if the start failed."""
        started = [each for each in application.operations(since=event.begin) if each.name == _START]
        for operation in started:
            if operation.failed:
                raise ControlError(
                    f"application {detail.name} did not start: {application.reason_of(operation)}; it is"
                    f" {detail.status}, with its snapshots as they were: correct the cause and deploy again"
                )
        return any(operation.succeeded for operation in started)

    def _ensure_stopped(
        self, application: ApplicationControl, resource: ApplicationStartResource, event: Event
    ) -> bool:
        detail = application.describe()
        if detail.is_steady and not detail.is_running:
            return True
        if detail.status is ApplicationStatus.DELETING:
            return False
        overdue = self._is_past(event, resource.force_stop_after_seconds)
        if overdue and detail.status in _FORCEABLE:
            _LOG.warning("stop %s, which is %s, with force and without a snapshot", detail.name, detail.status)
            application.stop(force=True)
        elif detail.is_running:
            self._stop_with_snapshot(application)
        return False

    @staticmethod
    def _stop_with_snapshot(application: ApplicationControl) -> None:
        _LOG.info("stop %s with a snapshot", application.name)
        try:
            application.stop()
        except (SnapshotNotPossibleError, KeyUnusableError) as error:
            # The job or its key may recover before the wait is over; if not, it is stopped with force.
            _LOG.warning("%s", error)

    def _without_interfaces(self, resource: ApplicationStartResource, event: Event) -> Result:
        remaining = network_interfaces(
            self._services.ec2(),
            subnet_ids=resource.subnet_ids,
            security_group_ids=resource.security_group_ids,
            clock=self._services.clock,
        )
        if remaining and not self._is_past(event, resource.force_stop_after_seconds + _INTERFACES_SECONDS):
            _LOG.info("wait for network interfaces %s", ", ".join(remaining))
            return not_complete()
        if remaining:
            _LOG.warning("network interfaces %s remain", ", ".join(remaining))
        return complete(Status=ApplicationStatus.READY.value, RemainingNetworkInterfaces=", ".join(remaining))

    def _is_past(self, event: Event, seconds: int) -> bool:
        return self._services.clock.now() >= event.begin + timedelta(seconds=seconds)


def _check_key(detail: ApplicationDetail, resource: ApplicationStartResource) -> None:
    expected = resource.expected_key_arn
    if expected is not None and detail.encryption.key_arn != expected:
        raise ControlError(
            f"application {detail.name} is configured with {detail.encryption}, expected {expected}: it is"
            f" {detail.status} and was left so, because what it writes under another key stays under that key;"
            " deploy the key first"
        )


on_event, is_complete = entry_points(lambda _event: ApplicationStartHandler(Services()))
