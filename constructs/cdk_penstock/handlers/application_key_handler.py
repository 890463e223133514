"""The handler that encrypts an application with a customer managed key.

Attributes: ``KeyType``, ``KeyArn``, ``WhatWasFound``, and ``AwsOwnedSnapshots``: the number of snapshots that are still
under the AWS-owned key, which no longer protects what is written from now on; ``unknown`` where MSF lists none.

End states, which each error's message names as well:

- Create or Update refused (permission, disabled key, Region, runtime, snapshots disabled, application missing): the
  application keeps its key. A Create refuses a customer managed key that the template does not
  know, because its rollback could not give it back. An Update refuses to have a key closed that the application or its
  newest snapshot needs.
- Create, Update or Delete accepted by MSF and then failed: RUNNING under the old key with system rollback, else READY
  and configured with the new one. The change is requested only once in a deployment. CloudFormation then rolls back: an
  Update with the old properties, or the Delete of a resource that was being created.
- Delete, which is also how a Create is rolled back: the application is under the key that it was under before the
  Create (the AWS-owned one, or a customer managed one that the physical id names), or it no longer exists. If MSF
  refuses that, it stays under the key. If the stack is being deleted, the operator keeps its permission: correct the
  cause and delete again. If an update of the stack has removed the resource, CloudFormation tries three times and then
  continues: disable the key before such an update, with ``penstock key disable``.
- Delete where another key than ``KeyArn`` is configured: nothing is changed. Somebody else has set that key, or a
  Create that was to replace it has failed; to remove the earlier encryption would be no rollback.

A stopped application is never started, a RUNNING one restarts through a snapshot under its old key
(managed-flink, key-management-flink).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NoReturn

from cdk_penstock.control.application_control import Progress
from cdk_penstock.control.errors import ApplicationMissingError, ControlError
from cdk_penstock.control.snapshot_modes import key_managed_snapshots
from cdk_penstock.handlers.events import Event, Result, complete, not_complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.keys import (
    AWS_OWNED,
    ApplicationStatus,
    KeyAssignment,
    KeyUse,
    LifecycleOperation,
    SnapshotStatus,
)
from cdk_penstock.model.keys.leftovers import aws_owned_snapshots, problem_with_snapshots

if TYPE_CHECKING:
    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)
_GONE: Final = "the application was gone"
_UNDECLARED: Final = " (a key that is neither this resource's nor a previous one)"


class ApplicationKeyHandler(Handler[Services]):
    """Answers the framework's two calls with the clients it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties, look at the application, and change nothing."""
        resource = event.resource(ApplicationKeyResource)
        found = _GONE
        physical_id = event.physical_resource_id if event.is_delete else _physical_id(resource, event)
        application = self._application(resource)
        try:
            detail = application.describe()
        except ApplicationMissingError:
            if not event.is_delete:
                raise
        else:
            if not event.is_delete:
                _check_change(detail, resource.target)
            before = event.old_resource(ApplicationKeyResource)
            is_undeclared = _is_undeclared_key(detail, resource, before)
            if event.request_type == "Create":
                if is_undeclared:
                    _refuse_undeclared_key(detail)
                physical_id = _physical_id(resource, event, found_key=detail.encryption.key_arn)
            if before is not None:
                _refuse_to_close(application, detail, resource, before)
            # An Update does not refuse it: the operator may be allowed to use the key, and MSF decides on that.
            found = f"{detail.encryption}, {detail.status}{_UNDECLARED if is_undeclared else ''}"
        _LOG.info("%s of the key of %s: found %s", event.request_type, resource.application_name, found)
        return {
            "PhysicalResourceId": physical_id,
            "Found": found,
        }

    def advance(self, event: Event) -> Result:
        """Take the next step to the wanted encryption, and return whether it is reached."""
        if event.is_delete:
            try:
                return self._delete(event)
            except ApplicationMissingError:
                return complete(WhatWasFound=_GONE)
        resource = event.resource(ApplicationKeyResource)
        application = self._application(resource)
        if not self._assert(application, resource.target, event, resource):
            return not_complete()
        # The present state of the service, not what was requested.
        detail = application.describe()
        return complete(
            KeyType=detail.encryption.key_type.value,
            KeyArn=detail.encryption.key_arn or "",
            WhatWasFound=event.found,
            AwsOwnedSnapshots=_count_aws_owned_snapshots(application, detail),
        )

    def _delete(self, event: Event) -> Result:
        resource = event.resource(ApplicationKeyResource)
        application = self._application(resource)
        detail = application.describe()
        if detail.status is ApplicationStatus.DELETING:
            return complete(WhatWasFound=_GONE)
        if detail.is_steady and detail.encryption.key_arn not in {None, resource.key_arn}:
            _LOG.info("left %s under %s, which this resource did not set", detail.name, detail.encryption)
            return complete(WhatWasFound=event.found)
        if not self._assert(application, _encryption_before(resource, event), event, resource):
            return not_complete()
        return complete(WhatWasFound=event.found)

    def _assert(
        self, application: ApplicationControl, target: KeyAssignment, event: Event, resource: ApplicationKeyResource
    ) -> bool:
        self._check_keys(application.describe(), target, resource)
        progress = application.change_encryption(target, since=event.begin)
        _LOG.info("%s: %s", application.name, progress.value)
        return progress is Progress.THERE

    def _check_keys(self, detail: ApplicationDetail, target: KeyAssignment, resource: ApplicationKeyResource) -> None:
        if not detail.is_steady or detail.encryption == target:
            return
        effective = detail.encryption if detail.is_running else None
        use = KeyUse(configured=detail.encryption, effective=effective, new=target)
        preflight = self._services.key_preflight(detail.name, resource.operator_role_arn)
        for note in preflight.check(LifecycleOperation.UPDATE, use, application_arn=detail.arn):
            _LOG.info("not checked: %s", note)

    def _application(self, resource: ApplicationKeyResource) -> ApplicationControl:
        return self._services.application_control(resource.application_name, resource.operator_role_arn)


def _refuse_to_close(
    application: ApplicationControl,
    detail: ApplicationDetail,
    resource: ApplicationKeyResource,
    before: ApplicationKeyResource,
) -> None:
    """Refuse, before anything is changed, to close a key that is needed."""
    if not resource.closes_previous_key:
        return
    if resource.key_arn != before.key_arn:
        # The rollback of a higher number closes a key that was closed before.
        if resource.key_generation > before.key_generation:
            raise ControlError(
                f"the key of {detail.name} changes while close_previous_key is on, which would close the key that"
                " its snapshots are under; nothing was changed: set close_previous_key to false, deploy, and close"
                " the previous key in a later deployment"
            )
        return
    ready = [each for each in key_managed_snapshots(application, detail).list() if each.status is SnapshotStatus.READY]
    newest = max(ready, key=lambda each: each.created_at, default=None)
    if newest is not None and newest.encryption != resource.target:
        raise ControlError(
            f"the newest snapshot of {detail.name}, {newest.name}, is under {newest.encryption}, which would be"
            " closed; nothing was changed: take a snapshot under the key in use, then deploy again"
        )


def _physical_id(resource: ApplicationKeyResource, event: Event, *, found_key: str | None = None) -> str:
    """Return an id that lives as long as the application, with the key that it was under before."""
    own = f"penstock-application-key/{resource.application_name}"
    if event.request_type == "Create":
        return own if found_key is None else f"{own}/{found_key}"
    present = event.physical_resource_id
    return present if present == own or present.startswith(f"{own}/") else own


def _encryption_before(resource: ApplicationKeyResource, event: Event) -> KeyAssignment:
    own = f"penstock-application-key/{resource.application_name}/"
    key_arn = event.physical_resource_id.removeprefix(own) if event.physical_resource_id.startswith(own) else ""
    return KeyAssignment.customer_managed(key_arn) if key_arn else AWS_OWNED


def _count_aws_owned_snapshots(application: ApplicationControl, detail: ApplicationDetail) -> str:
    try:
        snapshots = key_managed_snapshots(application, detail).list()
    except ControlError as error:
        # The key is in force; that the snapshots cannot be listed is not worth failing the deployment.
        _LOG.warning("the snapshots of %s are not checked: %s", detail.name, error)
        return "unknown"
    count = len(aws_owned_snapshots(detail.encryption, snapshots))
    problem = problem_with_snapshots(detail.name, detail.encryption, count)
    if problem is not None:
        _LOG.warning("%s", problem)
    return str(count)


def _check_change(detail: ApplicationDetail, target: KeyAssignment) -> None:
    """Refuse a change that MSF would refuse later; without a change, refuse nothing."""
    if detail.encryption != target:
        detail.check_encryption_change(target)


def _is_undeclared_key(
    detail: ApplicationDetail, resource: ApplicationKeyResource, before: ApplicationKeyResource | None
) -> bool:
    """Return True if the application is under a key that the template does not know."""
    known = {resource.key_arn, *resource.previous_key_arns, None if before is None else before.key_arn}
    return not detail.encryption.keys <= known


def _refuse_undeclared_key(detail: ApplicationDetail) -> NoReturn:
    raise ControlError(
        f"application {detail.name} is under {detail.encryption}, which the template does not know, so that a"
        f" rollback could not give it back; it is {detail.status} and was left so: pass that key as key or"
        " previous_key"
    )


on_event, is_complete = entry_points(lambda _event: ApplicationKeyHandler(Services()))
