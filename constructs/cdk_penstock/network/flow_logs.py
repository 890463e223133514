"""Flow logs of a VPC: its accepted and rejected connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.log_encryption import build_log_group

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_logs as logs


class FlowLogs(Construct):
    """Flow logs of a VPC in an encrypted log group with retention, which only the flow logs service writes to.

    CloudFormation names the log group, so that a new VPC's log group never collides with one left by a deleted VPC.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.encryption_key = encryption_key or build_key(
            self,
            description="Flow logs of the VPC for Managed Service for Apache Flink applications",
            removal_policy=removal_policy,
        )
        self.group = build_log_group(
            self, retention=retention, encryption_key=self.encryption_key, removal_policy=removal_policy
        )
        self.role = self._build_role()
        ec2.FlowLog(
            self,
            "FlowLog",
            resource_type=ec2.FlowLogResourceType.from_vpc(vpc),
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(self.group, self.role),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )

    def _build_role(self) -> iam.Role:
        """Return a role that only the flow logs of this account may assume (VPC guide, flow-logs-iam-role)."""
        stack = Stack.of(self)
        any_flow_log = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        return iam.Role(
            self,
            "Role",
            description="Writes the flow logs of the VPC",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": any_flow_log},
                },
            ),
        )
