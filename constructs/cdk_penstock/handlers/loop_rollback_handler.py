"""The function that the loop alarm of an application calls to roll its newest version back, once.

The alarm is a reason to look, not to act: the job is looked at as after a deployment, and left alone where it is
healthy, where CloudFormation is at work on its stack, where its version is older than ``WithinSeconds``, so that the
cause is outside of it, and where the version itself is the result of a rollback. Each call leaves a record in the log.

A call that cannot see the end of a rollback fails, and Lambda calls again, up to two times: what is requested already
is then waited for.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.stack_deployment import changing_status
from cdk_penstock.handlers.function_settings import read_settings
from cdk_penstock.handlers.logged_evidence import evidence_logger
from cdk_penstock.handlers.metric_lines import write_metrics
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.lifecycle.planning import Ended, Outcome, VerifiedTarget
from cdk_penstock.model.loop_rollback_settings import LoopRollbackSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)
_ONE_CALL: Final = timedelta(minutes=8)
_SAME_LOOP: Final = timedelta(minutes=40)


class LoopRollback:
    """Rolls an application back whose job fails, with the clients it is given."""

    def __init__(self, settings: LoopRollbackSettings, services: Services) -> None:
        self._settings = settings
        self._services = services

    def handle(self) -> dict[str, str]:
        """Look, roll back once where it helps, and return what was done."""
        settings, clock = self._settings, self._services.clock
        status = changing_status(self._services.cloudformation(), settings.stack_id, clock=clock)
        if status:
            return self._tell(Ended(outcome=Outcome.REFUSED, text=f"its stack is {status}: the deployment verifies it"))
        operation = self._services.operation(settings.application_name, settings.operator_role_arn)
        runner = operation.runner(save_evidence=evidence_logger(operation), report=_LOG.info)
        target = VerifiedTarget(
            undoable_for=timedelta(seconds=settings.within_seconds),
            restore=None,
            # A rollback of a call before, whose end that one has not seen.
            began_at=clock.now() - _SAME_LOOP,
        )
        end = runner.run(target, deadline=clock.now() + _ONE_CALL)
        if end is None:
            raise ControlError(
                f"the end of what was done about {settings.application_name} was not seen within"
                f" {_ONE_CALL.total_seconds() / 60:.0f} minutes: the next call goes on"
            )
        return self._tell(end)

    def _tell(self, end: Ended) -> dict[str, str]:
        rolled_back = end.outcome in {Outcome.ROLLED_BACK, Outcome.RESTORED}
        write_metrics(
            {"LoopRollbacks": int(rolled_back), "LoopRollbackFailures": int(end.outcome is Outcome.FAILED)},
            dimensions={"Application": self._settings.application_name},
            at=self._services.clock.now(),
            Outcome=end.outcome.value,
            Reason=end.text,
        )
        return {"Outcome": end.outcome.value, "Reason": end.text}


def handle(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Answer the alarm."""
    del event, context
    return LoopRollback(read_settings(LoopRollbackSettings), Services()).handle()
