"""The handler that starts an application after its deployment and verifies it, and stops it when it is deleted.

Attributes: ``Status``, ``ApplicationVersionId``, ``Evidence``, and on Delete ``RemainingNetworkInterfaces``.

End states, which each error's message names as well:

- Create or Update: RUNNING with a job that has given the evidence of its health, or READY where a batch job has
  finished. Under another key than the expected one it is not started, and one that runs is left running; a Create says
  so before there is anything to roll back. A start that MSF failed leaves it READY, and is tried once a deployment.
- Update whose version fails, by MSF's word or by its job: the version before runs again, from the snapshot of before
  the update, as another version, and the resource fails. CloudFormation then updates the application once more, to the
  template of before, which has the same settings: it restarts from the snapshot that this update takes. Where the
  version before cannot be brought back, the application is left as it is.
- Update with other code in force than the template's: left as it is, and the resource fails.
- Rollback of an update by CloudFormation: the job is looked at, but one that runs and fails does not fail the rollback,
  which would leave the stack where nothing but a person can move it.
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
from cdk_penstock.handlers.logged_evidence import evidence_logger
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource
from cdk_penstock.model.deployment import Deployment, find_undone
from cdk_penstock.model.keys import ApplicationStatus
from cdk_penstock.model.lifecycle.planning import Change, Outcome, VerifiedTarget

if TYPE_CHECKING:
    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.model.deployment import Undone
    from cdk_penstock.model.lifecycle.planning import Ended

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_ONE_CALL: Final = timedelta(minutes=7)
"""Longest time for which a call looks at the job: it ends before its Lambda function does, after ten minutes."""
_MOST_TEXT: Final = 500
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


class VerifiedStartHandler(Handler[Services]):
    """Answers the framework's two calls with the clients it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties, look at the application, and change nothing."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        return {"PhysicalResourceId": self._physical_id(event.resource(VerifiedStartResource), event)}

    def advance(self, event: Event) -> Result:
        """Take the next step towards a running, or a stopped, application, and say whether it is there."""
        resource = event.resource(VerifiedStartResource)
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

    def _physical_id(self, resource: VerifiedStartResource, event: Event) -> str:
        name = f"penstock-application-start/{resource.application_name}"
        if event.request_type != "Create":
            # CloudFormation takes another id for another resource, and deletes the one before.
            known = {name, f"{name}{_FOUND_RUNNING}"}
            return event.physical_resource_id if event.physical_resource_id in known else name
        detail = self._application(resource).describe()
        # Refused here, the framework keeps the Delete of the rollback from the handler.
        _check_key(detail, resource)
        return name if detail.status in _AT_REST else f"{name}{_FOUND_RUNNING}"

    def _application(self, resource: VerifiedStartResource) -> ApplicationControl:
        return self._services.application_control(resource.application_name, resource.operator_role_arn)

    def _ensure_running(self, application: ApplicationControl, resource: VerifiedStartResource, event: Event) -> Result:
        detail = application.describe()
        if detail.is_steady:
            _check_key(detail, resource)
        deployment = self._deployment(resource, event)
        end = self._run(resource, event, deployment)
        if end is None:
            return not_complete()
        _LOG.info("%s: %s", application.name, end)
        detail = application.describe()
        undone = self._undone(application, detail, resource, event, deployment)
        is_well = end.outcome in {Outcome.VERIFIED, Outcome.DONE} and undone is None
        if is_well or (deployment.is_rollback and detail.is_running):
            return complete(
                Status=detail.status.value, ApplicationVersionId=str(detail.version_id), Evidence=end.text[:_MOST_TEXT]
            )
        raise _failure(application, detail, resource, end, undone)

    def _deployment(self, resource: VerifiedStartResource, event: Event) -> Deployment:
        if resource.expected is None:
            # An imported application is changed elsewhere.
            return Deployment(began_at=event.begin)
        return describe_deployment(self._services.cloudformation(), event.stack_id, clock=self._clock)

    def _run(self, resource: VerifiedStartResource, event: Event, deployment: Deployment) -> Ended | None:
        before = event.old_resource(VerifiedStartResource)
        expected = resource.expected
        is_changed = expected is not None and (before is None or expected != before.expected)
        target = VerifiedTarget(
            change=Change(revision=expected) if is_changed and event.request_type == "Update" else None,
            may_undo=resource.may_roll_back and expected is not None and not deployment.is_rollback,
            began_at=deployment.began_at if event.request_type == "Update" else event.begin,
        )
        operation = self._services.operation(resource.application_name, resource.operator_role_arn)
        runner = operation.runner(
            save_evidence=evidence_logger(operation),
            report=_LOG.info,
            stable_seconds=resource.stable_seconds or None,
        )
        return runner.run(target, deadline=self._clock.now() + _ONE_CALL)

    def _undone(
        self,
        application: ApplicationControl,
        detail: ApplicationDetail,
        resource: VerifiedStartResource,
        event: Event,
        deployment: Deployment,
    ) -> Undone | None:
        if resource.expected is None:
            return None
        before = event.old_resource(VerifiedStartResource)
        return find_undone(
            deployment,
            expected=resource.expected,
            before=None if before is None else before.expected,
            found=detail.revision,
            operations=application.operations(since=deployment.began_at),
        )

    def _ensure_stopped(self, application: ApplicationControl, resource: VerifiedStartResource, event: Event) -> bool:
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

    def _without_interfaces(self, resource: VerifiedStartResource, event: Event) -> Result:
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


def _check_key(detail: ApplicationDetail, resource: VerifiedStartResource) -> None:
    expected = resource.expected_key_arn
    if expected is not None and detail.encryption.key_arn != expected:
        raise ControlError(
            f"application {detail.name} is configured with {detail.encryption}, expected {expected}: it is"
            f" {detail.status} and was left so, because what it writes under another key stays under that key;"
            " deploy the key first"
        )


def _failure(
    application: ApplicationControl,
    detail: ApplicationDetail,
    resource: VerifiedStartResource,
    end: Ended,
    undone: Undone | None,
) -> ControlError:
    parts = [f"application {detail.name} does not run what this deployment has asked for: {end.text}"]
    if undone is not None and undone.operation is not None:
        parts.append(f"{undone.operation}: {application.reason_of(undone.operation)}")
    rolled_back = "" if detail.rolled_back_from is None else f", rolled back from {detail.rolled_back_from}"
    found = "" if resource.expected is None else f", with {detail.revision or 'code that is not in S3'}, expected was"
    expected = "" if resource.expected is None else f" {resource.expected}"
    parts.append(f"it is {detail.status} in version {detail.version_id}{rolled_back}{found}{expected}")
    return ControlError(
        f"{'; '.join(parts)}: see the log of this handler for the evidence, and the application's log for the cause,"
        " correct the job or its settings, and deploy again"
    )


on_event, is_complete = entry_points(lambda _event: VerifiedStartHandler(Services()))
