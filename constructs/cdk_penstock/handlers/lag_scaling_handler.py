"""The function that alarms on the lag of an application, and a clock, call to scale it.

It looks at everything each time, whoever has called: an alarm calls only when it changes, and may stay in ALARM through
several steps. It requests one step at most and does not wait for its end, which the next call sees. A request that
another change has overtaken is not repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.control.alarm_states import alarm_states
from cdk_penstock.control.stack_deployment import changing_status
from cdk_penstock.handlers.function_settings import read_settings, tell
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.scaling.lag_rule import LagDecision, LagSituation
from cdk_penstock.model.scaling.scaling_settings import LagScalingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


class LagScaler:
    """Scales an application by its lag, with the clients it is given."""

    def __init__(self, settings: LagScalingSettings, services: Services) -> None:
        self._settings = settings
        self._services = services

    def handle(self) -> dict[str, str]:
        """Look, request one step at most, and return what was decided."""
        settings, services = self._settings, self._services
        names = [settings.behind_alarm_name, *([settings.idle_alarm_name] if settings.idle_alarm_name else [])]
        alarms = alarm_states(services.client("cloudwatch"), names, clock=services.clock)
        control = services.parallelism_control(settings.application_name, settings.operator_role_arn)
        found = control.describe()
        at = LagSituation(
            now=services.clock.now(),
            is_behind=alarms[0].is_raised,
            is_idle=any(each.is_raised for each in alarms[1:]),
            status=found.detail.status,
            parallelism=found.parallelism,
            operations=tuple(control.application.operations()),
            snapshots_enabled=found.detail.snapshots_enabled,
            deployment=changing_status(services.cloudformation(), settings.stack_id, clock=services.clock),
        )
        decision = settings.rule.decide(at)
        is_requested = decision.parallelism is not None and control.change(found, decision.parallelism)
        outcome = _outcome(decision, is_requested=is_requested)
        tell(
            settings.application_name,
            {
                "ScalingFailures": int(decision.needs_a_person),
                "ScalingRequests": int(is_requested),
                "Parallelism": found.parallelism.parallelism,
            },
            scaled_by="lag",
            at=at.now,
            Outcome=outcome,
            Reason=decision.reason,
            Alarms=[each.reason for each in alarms if each.is_raised],
        )
        return {"Outcome": outcome, "Reason": decision.reason}


def _outcome(decision: LagDecision, *, is_requested: bool) -> str:
    if decision.needs_a_person:
        return "stopped"
    if decision.parallelism is None:
        return "left"
    return "requested" if is_requested else "overtaken"


def handle(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Answer whoever has called: a rule on the alarms, or EventBridge Scheduler."""
    del event, context
    return LagScaler(read_settings(LagScalingSettings), Services()).handle()
