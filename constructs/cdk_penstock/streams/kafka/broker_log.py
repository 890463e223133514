"""Log of a cluster's brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_msk import CfnCluster
from constructs import Construct

from cdk_penstock.foundation.log_encryption import build_log_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_s3 as s3
    from constructs import IDependable


class BrokerLog(Construct):
    """A log group with retention, and optionally a bucket.

    The group's name begins with ``/aws/vendedlogs/``, so that the resource policy of CloudWatch Logs, whose size is
    limited, does not grow with every cluster (CloudWatch Logs, "Logs sent to CloudWatch Logs").
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
        bucket: s3.IBucket | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.group = build_log_group(
            self,
            name=f"/aws/vendedlogs/msk/{cluster_name}",
            retention=retention,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        self._bucket = bucket
        self._prefix = f"kafka/{cluster_name}"
        self._before_delivery: Sequence[IDependable] = [] if bucket is None else self._allow_delivery(bucket)

    def configuration(self) -> CfnCluster.LoggingInfoProperty:
        """Return the log's part of the cluster's properties."""
        to_bucket = (
            None
            if self._bucket is None
            else CfnCluster.S3Property(enabled=True, bucket=self._bucket.bucket_name, prefix=self._prefix)
        )
        return CfnCluster.LoggingInfoProperty(
            broker_logs=CfnCluster.BrokerLogsProperty(
                cloud_watch_logs=CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=self.group.log_group_name),
                s3=to_bucket,
            )
        )

    def before_delivery(self, cluster: CfnCluster) -> None:
        """Create the cluster after the bucket's policy, which MSK would otherwise replace with another one."""
        cluster.node.add_dependency(*self._before_delivery)

    def _allow_delivery(self, bucket: s3.IBucket) -> Sequence[IDependable]:
        """Allow delivery to the bucket (CloudWatch Logs, "Logs sent to Amazon S3"), and return the changed policies."""
        account = Stack.of(self).account
        objects = bucket.arn_for_objects(f"{self._prefix}/AWSLogs/{account}/*")
        owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
        statements = (
            self._delivery(["s3:PutObject"], objects, **owned),
            self._delivery(["s3:GetBucketAcl", "s3:ListBucket"], bucket.bucket_arn),
        )
        if bucket.encryption_key is not None:
            bucket.encryption_key.add_to_resource_policy(self._delivery(["kms:Decrypt", "kms:GenerateDataKey"], "*"))
        added = [bucket.add_to_resource_policy(statement).policy_dependable for statement in statements]
        return [each for each in added if each is not None]

    def _delivery(self, actions: Sequence[str], resource: str, **equal: str) -> iam.PolicyStatement:
        stack = Stack.of(self)
        # Without a Sid: several clusters may log to one bucket, and a policy takes each Sid once.
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=list(actions),
            resources=[resource],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account, **equal},
                "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
            },
        )
