"""Schedules that change the number of a stream's shards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct, IValidation

from cdk_penstock.model.kinesis import KinesisError, check_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import TimeZone
    from aws_cdk.aws_events import Schedule

    from cdk_penstock.streams.kinesis.event_stream_base import EventStreamBase

_RETRY_SECONDS: Final = 3600


class ShardSchedule(Construct):
    """A schedule of EventBridge Scheduler that calls UpdateShardCount, with a role that may do only this."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream: EventStreamBase,
        shard_count: int,
        schedule: Schedule,
        time_zone: TimeZone | None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            description=f"Scales the stream {stream.stream_name}",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
            inline_policies={
                "Scale": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(actions=["kinesis:UpdateShardCount"], resources=[stream.stream_arn])
                    ]
                )
            },
        )
        CfnSchedule(
            self,
            "Resource",
            description=f"{shard_count} shards for {stream.stream_name}",
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=schedule.expression_string,
            schedule_expression_timezone=None if time_zone is None else time_zone.timezone_name,
            target=CfnSchedule.TargetProperty(
                arn=f"arn:{stack.partition}:scheduler:::aws-sdk:kinesis:updateShardCount",
                role_arn=self.role.role_arn,
                # By default the call is repeated for a day, and could undo the change of a later schedule.
                retry_policy=CfnSchedule.RetryPolicyProperty(maximum_event_age_in_seconds=_RETRY_SECONDS),
                input=json.dumps(
                    {
                        "StreamName": stream.stream_name,
                        "TargetShardCount": shard_count,
                        "ScalingType": "UNIFORM_SCALING",
                    }
                ),
            ),
        )


@jsii.implements(IValidation)
class ShardSteps:
    """Validation, at synthesis, that the numbers of shards of all schedules can follow each other."""

    def __init__(self, shard_count: int, scheduled: Sequence[int]) -> None:
        self._shard_count = shard_count
        self._scheduled = scheduled

    def validate(self) -> list[str]:
        """Return what is wrong."""
        try:
            check_steps(self._scheduled, start=self._shard_count)
        except KinesisError as error:
            return [str(error)]
        return []
