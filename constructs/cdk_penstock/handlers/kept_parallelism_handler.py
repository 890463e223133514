"""The handler that waits until a deployment may update an application, and says which parallelism it gets.

Attributes: ``Parallelism``, ``ParallelismPerKpu``, ``Reason``. It only looks, so that every failure leaves the
application as it was.

- Create: the template's numbers.
- Update: what ``choose_parallelism`` says, once the application is steady.
- Update in a rollback of CloudFormation: what the application had before the deployment that is rolled back. The
  template's number alone would not be enough: where that deployment has changed it, what scaling had made of the
  number before it would be lost.
- Delete: nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.errors import ApplicationMissingError, ControlError
from cdk_penstock.control.stack_deployment import describe_deployment, last_update_began_at
from cdk_penstock.handlers.events import Event, Result, complete, not_complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.scaling.parallelism_choice import ParallelismChoice, choose_parallelism, restore_parallelism

if TYPE_CHECKING:
    from cdk_penstock.control.parallelism_control import ParallelismControl, ScalableApplication
    from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_STEADY_MINUTES: Final = 45
"""Longest wait for a steady application: less than CloudFormation waits, so that the error says what it is about."""


class KeptParallelismHandler(Handler[Services]):
    """Answers the framework's two calls with the clients it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        name = event.resource(KeptParallelismResource).application_name
        # The same for the whole life of an application: CloudFormation takes another id for a replacement, of which a
        # rollback would not ask again.
        return {"PhysicalResourceId": f"penstock-kept-parallelism/{name}"}

    def advance(self, event: Event) -> Result:
        """Say the parallelism, if the application is steady."""
        if event.is_delete:
            return complete()
        resource = event.resource(KeptParallelismResource)
        control = self._services.parallelism_control(resource.application_name, resource.operator_role_arn)
        try:
            found = control.describe()
        except ApplicationMissingError:
            found = None
        if found is not None and not found.detail.is_steady:
            return self._wait(found, event)
        choice = self._choose(resource, control, found, event)
        _LOG.info("%s: parallelism %d: %s", resource.application_name, choice.parallelism, choice.reason)
        return complete(
            Parallelism=str(choice.parallelism),
            ParallelismPerKpu=str(choice.parallelism_per_kpu),
            Reason=choice.reason,
        )

    def _wait(self, found: ScalableApplication, event: Event) -> Result:
        detail = found.detail
        if self._clock.now() >= event.begin + timedelta(minutes=_STEADY_MINUTES):
            raise ControlError(
                f"application {detail.name} is still {detail.status} after {_STEADY_MINUTES} minutes, in which MSF"
                " refuses every update: nothing was changed; see its log, wait until it is RUNNING or READY, and deploy"
                " again"
            )
        _LOG.info("wait: %s is %s", detail.name, detail.status)
        return not_complete()

    def _choose(
        self,
        resource: KeptParallelismResource,
        control: ParallelismControl,
        found: ScalableApplication | None,
        event: Event,
    ) -> ParallelismChoice:
        before = event.old_resource(KeptParallelismResource)
        if found is not None and before is not None and self._is_rollback(event):
            return restore_parallelism(self._earlier(resource, before, control, found, event))
        return choose_parallelism(
            resource.template,
            before=None if before is None else before.template,
            present=None if found is None else found.parallelism,
        )

    def _is_rollback(self, event: Event) -> bool:
        services = self._services
        return describe_deployment(services.cloudformation(), event.stack_id, clock=services.clock).is_rollback

    def _earlier(
        self,
        resource: KeptParallelismResource,
        failed: KeptParallelismResource,
        control: ParallelismControl,
        found: ScalableApplication,
        event: Event,
    ) -> ParallelismSettings:
        """Return the parallelism before the deployment that is rolled back."""
        if (resource.parallelism, resource.parallelism_per_kpu) == (failed.parallelism, failed.parallelism_per_kpu):
            # The deployment has kept it.
            return found.parallelism
        services = self._services
        began_at = last_update_began_at(services.cloudformation(), event.stack_id, clock=services.clock)
        earlier = None if began_at is None else control.describe_before(began_at)
        return earlier or found.parallelism


on_event, is_complete = entry_points(lambda _event: KeptParallelismHandler(Services()))
