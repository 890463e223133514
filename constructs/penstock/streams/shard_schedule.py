"""Another number of shards at a time of day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

from penstock.model.kinesis import check_scaling

if TYPE_CHECKING:
    from aws_cdk.aws_events import Schedule

    from penstock.streams.event_stream_base import EventStreamBase

__all__ = ("ShardSchedule",)


class ShardSchedule(Construct):
    """A schedule of EventBridge Scheduler that calls UpdateShardCount, as a role that may do only that."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream: EventStreamBase,
        present_shard_count: int,
        shard_count: int,
        schedule: Schedule,
    ) -> None:
        super().__init__(scope, construct_id)
        target = check_scaling(shard_count, other=present_shard_count)
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
            description=f"{target} shards for {stream.stream_name}",
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=schedule.expression_string,
            target=CfnSchedule.TargetProperty(
                arn=f"arn:{stack.partition}:scheduler:::aws-sdk:kinesis:updateShardCount",
                role_arn=self.role.role_arn,
                input=json.dumps(
                    {"StreamName": stream.stream_name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}
                ),
            ),
        )
