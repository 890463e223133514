"""Calls of a function by EventBridge Scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_

_MAX_EVENT_AGE: Final = Duration.hours(1)
_RETRY_ATTEMPTS: Final = 10


class ScheduledCalls(Construct):
    """The schedules that call one function, with a role that may do only this.

    Scheduler delivers a call at least once, and hands it over to Lambda: it repeats what Lambda does not take, for an
    hour at most, while Lambda repeats what fails in the function, twice (EventBridge Scheduler, "Configuring a
    schedule's dead-letter queue"; Lambda, "How Lambda handles errors and retries with asynchronous invocation"). There
    is no dead-letter queue: the next call of the schedule does what a lost one would have done, so the function must
    decide by what it finds, and an alarm on missing metrics tells of a schedule that no longer calls.

    Parameters
    ----------
    function
        The function.
    """

    def __init__(self, scope: Construct, construct_id: str, *, function: lambda_.Function) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._function = function
        group = f"arn:{stack.partition}:scheduler:{stack.region}:{stack.account}:schedule-group/default"
        self.role = iam.Role(
            self,
            "Role",
            description=f"Calls the function {function.node.path}"[:1000],
            # EventBridge Scheduler, "Confused deputy prevention".
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
            ),
            inline_policies={
                "Call": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
                    ]
                )
            },
        )

    def add(
        self,
        construct_id: str,
        *,
        schedule: scheduler.ScheduleExpression,
        event: Mapping[str, Any],
        description: str,
        scope: Construct | None = None,
    ) -> scheduler.Schedule:
        """Add a schedule that calls the function with this event; by default in the scope of this construct."""
        return scheduler.Schedule(
            scope or self,
            construct_id,
            description=description,
            schedule=schedule,
            target=LambdaInvoke(
                self._function,
                input=scheduler.ScheduleTargetInput.from_object(dict(event)),
                # The CDK's own role, or its additions to this one, would allow every version of the function.
                role=self.role.without_policy_updates(),
                max_event_age=_MAX_EVENT_AGE,
                retry_attempts=_RETRY_ATTEMPTS,
            ),
        )
