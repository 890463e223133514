"""Bucket for the access logs of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Acknowledgment, Duration, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region
from cdk_penstock.sinks.errors import ArchiveBucketError

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct

_TLS_1_2: Final = 1.2
_LOGS_OF_LOGS: Final = "this bucket holds the access logs of the archive; logging its own requests would never end"


def build_access_log_bucket(scope: Construct, removal_policy: RemovalPolicy) -> s3.Bucket:
    """Add a bucket that S3 writes the logs of this account to, and that keeps them for a year.

    It uses SSE-S3, because S3 delivers no logs to a bucket with SSE-KMS (S3, enable-server-access-logging).
    """
    bucket = s3.Bucket(
        scope,
        "AccessLogs",
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=_TLS_1_2,
        versioned=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="OldLogs", expiration=Duration.days(365), noncurrent_version_expiration=Duration.days(30)
            )
        ],
        removal_policy=removal_policy,
    )
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AllowS3ToLogRequests",
            principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    Validations.of(bucket).acknowledge(Acknowledgment(id="AwsSolutions-S1", reason=_LOGS_OF_LOGS))
    keep_policy(bucket, removal_policy)
    return bucket


def keep_policy(bucket: s3.Bucket, removal_policy: RemovalPolicy) -> None:
    """Retain a bucket's policy with the bucket, so that the bucket is never without it."""
    if bucket.policy is not None:
        bucket.policy.apply_removal_policy(removal_policy)


def refuse_elsewhere(scope: Construct, bucket: s3.IBucket) -> None:
    """Raise ArchiveBucketError for a bucket of another account or Region: S3 logs nothing there (S3, ServerLogs)."""
    account, region = bucket.env.account, bucket.env.region
    if is_of_other_account(scope, account) or is_of_other_region(scope, region):
        raise ArchiveBucketError(
            f"access_log_bucket must be of the archive's account and Region, got one of {account} and {region} for"
            f" {scope.node.path}: pass a bucket of the same account and Region, or leave it out"
        )
