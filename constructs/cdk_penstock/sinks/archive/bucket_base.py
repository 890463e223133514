"""Interface and base class of archives: identity, grants and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Unpack

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct, IConstruct

from cdk_penstock.foundation.elsewhere import warn_of_other_account
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.metric_options import MetricOptions, build_metric, with_defaults
from cdk_penstock.model.regions import via_service
from cdk_penstock.sinks.errors import ArchiveBucketError
from cdk_penstock.sinks.sink_wildcards import ARCHIVE_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3


class IArchiveBucket(IConstruct, Protocol):
    """An archive in S3, created in this app or elsewhere."""

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket, for constructs that take one."""

    @property
    def encryption_key(self) -> kms.IKey | None:
        """The key of its objects, None if it is not known."""

    def grant_write(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee to add objects below a prefix."""

    def grant_file_sink(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee what Flink's file sink does below a prefix."""

    def grant_read(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee to list and read objects below a prefix."""

    def connection_properties(self, prefix: str) -> dict[str, str]:
        """Return the properties with which a job writes below a prefix."""


class ArchiveBucketBase(Construct):
    """The common part of archives: it needs only a bucket and its key."""

    _bucket: s3.IBucket
    _encryption_key: kms.IKey | None

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket, for constructs that take one."""
        return self._bucket

    @property
    def bucket_name(self) -> str:
        """The physical name."""
        return self._bucket.bucket_name

    @property
    def bucket_arn(self) -> str:
        """The Amazon Resource Name."""
        return self._bucket.bucket_arn

    @property
    def encryption_key(self) -> kms.IKey | None:
        """The key of its objects, None if it is not known."""
        return self._encryption_key

    def grant_write(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee to add objects below ``prefix``, but not to read, list or delete them.

        The grantee must be of the bucket's account. A prefix ends with ``/``; ``""`` is the whole bucket.
        """
        return self._allow_objects(
            grantee,
            prefix,
            actions=["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
            key_actions=["kms:Decrypt", "kms:GenerateDataKey"],
        )

    def grant_file_sink(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow what Flink's file sink does below ``prefix``: write, and read and delete its files in progress.

        The sink keeps the tail of a part file as a separate object, and deletes it at the next checkpoint (Flink,
        S3RecoverableWriter). Deleted objects can be restored as long as the bucket keeps noncurrent versions.
        """
        self._allow_listing(grantee, prefix)
        return self._allow_objects(
            grantee,
            prefix,
            actions=[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            key_actions=["kms:Decrypt", "kms:GenerateDataKey"],
        )

    def grant_read(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee to list and read objects below ``prefix``, and nothing else."""
        self._allow_listing(grantee, prefix)
        return self._allow_objects(grantee, prefix, actions=["s3:GetObject"], key_actions=["kms:Decrypt"])

    def connection_properties(self, prefix: str) -> dict[str, str]:
        """Return the option ``path`` of Flink's file system connector, for ``application.add_property_group``."""
        return {"path": f"s3://{self.bucket_name}/{check_prefix(prefix)}"}

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this bucket; S3's storage metrics have one sample a day."""
        options = MetricOptions(period=Duration.days(1)) | options
        return build_metric(self, "AWS/S3", name, dimensions={"BucketName": self.bucket_name}, options=options)

    def metric_size_bytes(
        self, *, storage_type: str = "StandardStorage", **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Bytes in one storage class, such as ``StandardStorage`` or ``GlacierInstantRetrievalStorage``."""
        return self.metric("BucketSizeBytes", **_storage(storage_type, options))

    def metric_objects(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Objects in all storage classes, noncurrent versions and incomplete uploads included."""
        return self.metric("NumberOfObjects", **_storage("AllStorageTypes", options))

    def _allow_listing(self, grantee: iam.IGrantable, prefix: str) -> None:
        conditions = {"StringLike": {"s3:prefix": [f"{check_prefix(prefix)}*"]}} if prefix else None
        allow(grantee, actions=["s3:ListBucket"], resources=[self.bucket_arn], conditions=conditions)

    def _allow_objects(
        self, grantee: iam.IGrantable, prefix: str, *, actions: Sequence[str], key_actions: Sequence[str]
    ) -> iam.Grant:
        grant = allow(
            grantee,
            actions=actions,
            resources=[self._bucket.arn_for_objects(f"{check_prefix(prefix)}*")],
            wildcard_reason=ARCHIVE_OBJECTS,
        )
        if self._encryption_key is None:
            return grant
        warn_of_other_account(
            self,
            grantee,
            account=self._encryption_key.env.account,
            policy="the policy of its key",
            actions=key_actions,
            resources=[self._encryption_key.key_arn],
        )
        return grant.combine(
            allow(
                grantee,
                actions=key_actions,
                resources=[self._encryption_key.key_arn],
                conditions={"StringEquals": via_service("s3", Stack.of(self).region)},
            )
        )


def check_prefix(prefix: str) -> str:
    """Return the prefix; raise ArchiveBucketError unless it ends with ``/``, so that it matches one folder only."""
    if Token.is_unresolved(prefix) or not prefix:
        return prefix
    if not prefix.endswith("/") or prefix.startswith("/") or "*" in prefix:
        raise ArchiveBucketError(
            f"expected a prefix like 'raw/orders/', without '/' in front and '*', with '/' at the end, got {prefix!r}"
        )
    return prefix


def _storage(storage_type: str, options: MetricOptions) -> MetricOptions:
    return with_defaults(options, statistic="Average", dimensions={"StorageType": storage_type})
