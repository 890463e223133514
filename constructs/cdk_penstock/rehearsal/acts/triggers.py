"""The functions that schedules, rules and alarms call, each called once as its trigger would."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.acts.act import ActFailedError, ActNotPlayedError
from cdk_penstock.rehearsal.functions.function_errors import FunctionError, NotRunnableFunctionError
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.rehearsal.engine.resources import Existing
    from cdk_penstock.rehearsal.stage import Stage

_FUNCTION: Final = ":function:"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One call of a function.

    Parameters
    ----------
    name
        The resource that triggers it.
    function_arn
        The function.
    service
        The principal of the service that has the trigger.
    payload
        The event.
    context
        Values by condition key, of the call or of the assumption of the role.
    role_arn
        The role that the service calls with; empty if it calls as itself.
    """

    name: str
    function_arn: str
    service: str
    payload: Any
    context: Mapping[str, str] = field(default_factory=dict)
    role_arn: str = ""


def _of_rule(rule: Existing) -> Iterator[Trigger]:
    source = str(rule.made.attributes.get("Arn"))
    context = {"aws:SourceArn": source, "aws:SourceAccount": rule.wanted.place.account}
    for target in as_list(rule.wanted.properties.get("Targets")):
        yield Trigger(
            name=rule.wanted.name,
            function_arn=str(target.get("Arn")),
            service="events.amazonaws.com",
            payload=json.loads(target["Input"]) if "Input" in target else {"source": "aws.events", "detail": {}},
            context=context,
        )


def _of_schedule(schedule: Existing) -> Iterator[Trigger]:
    place, target = schedule.wanted.place, as_mapping(schedule.wanted.properties.get("Target"))
    group = schedule.wanted.properties.get("GroupName", "default")
    source = f"arn:{place.partition}:scheduler:{place.region}:{place.account}:schedule-group/{group}"
    yield Trigger(
        name=schedule.wanted.name,
        function_arn=str(target.get("Arn")),
        service="scheduler.amazonaws.com",
        payload=json.loads(target["Input"]) if "Input" in target else {},
        context={"aws:SourceArn": source, "aws:SourceAccount": place.account},
        role_arn=str(target.get("RoleArn")),
    )


def _of_alarm(alarm: Existing) -> Iterator[Trigger]:
    source = str(alarm.made.attributes.get("Arn"))
    context = {"aws:SourceArn": source, "aws:SourceAccount": alarm.wanted.place.account}
    for action in as_list(alarm.wanted.properties.get("AlarmActions")):
        yield Trigger(
            name=alarm.wanted.name,
            function_arn=str(action),
            service="lambda.alarms.cloudwatch.amazonaws.com",
            payload={"source": "aws.cloudwatch", "alarmArn": source},
            context=context,
        )


_READERS: Final[Mapping[str, Callable[[Existing], Iterator[Trigger]]]] = {
    "AWS::Events::Rule": _of_rule,
    "AWS::Scheduler::Schedule": _of_schedule,
    "AWS::CloudWatch::Alarm": _of_alarm,
}


def triggers(stage: Stage) -> Iterator[Trigger]:
    """Yield the calls of functions that the resources of all stacks make."""
    for stack in stage.engine.stacks.values():
        for existing in stack.resources.values():
            reader = _READERS.get(existing.wanted.type)
            for trigger in reader(existing) if reader else ():
                if _FUNCTION in trigger.function_arn:
                    yield trigger


def play_triggers(stage: Stage) -> str:
    """Call each function as its trigger would; raise ActFailedError for one that fails."""
    called: list[str] = []
    failed: list[str] = []
    left_out: list[str] = []
    for trigger in triggers(stage):
        try:
            _pull(stage, trigger)
        except NotRunnableFunctionError as error:
            left_out.append(f"{trigger.name} ({error})")
        except (DeniedError, FunctionError) as error:
            failed.append(f"{trigger.name}: {error}")
        else:
            called.append(trigger.name)
    if failed:
        raise ActFailedError("; ".join(failed))
    if not called:
        why = f": not run are {', '.join(left_out)}" if left_out else ""
        raise ActNotPlayedError(f"no schedule, rule or alarm calls a function{why}")
    return f"called by {', '.join(called)}" + (f"; not run: {', '.join(left_out)}" if left_out else "")


def _pull(stage: Stage, trigger: Trigger) -> None:
    world = stage.world
    actor = Actor(made_by=MadeBy.SERVICE, service=trigger.service)
    context = trigger.context
    if trigger.role_arn:
        world.authority.require(actor, "sts:AssumeRole", trigger.role_arn, context)
        actor, context = Actor(made_by=MadeBy.SERVICE, arn=trigger.role_arn), {}
    world.functions.invoke(trigger.function_arn, trigger.payload, actor, context)
