"""Archive of events in S3, with notifications of new objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.physical_names import warn_of_generated_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.sinks.archive.access_log_bucket import build_access_log_bucket, keep_policy, refuse_elsewhere
from cdk_penstock.sinks.archive.bucket_base import ArchiveBucketBase, IArchiveBucket, check_prefix
from cdk_penstock.sinks.archive.notifications import ArchiveNotifications
from cdk_penstock.sinks.archive.object_lifecycle import ArchiveLifecycle
from cdk_penstock.sinks.errors import ArchiveBucketError

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

FOREIGN_KEY_WARNING: Final = "penstock:foreignKeyPolicy"

_TLS_1_2: Final = 1.2


class ArchiveBucket(ArchiveBucketBase):
    """A private, versioned, encrypted bucket with access logs and rules for old data.

    Parameters
    ----------
    bucket_name
        The physical name; set it, because renaming creates a new, empty bucket and keeps the old one with its objects.
        Default: a name from CloudFormation, with a warning.
    encryption_key
        Key of objects and queues. Default: a new key, rotated every year.
    lifecycle
        Storage classes by age, and expiry of objects. Default: ArchiveLifecycle().
    access_log_bucket
        Bucket for the log of requests, in the same account and Region. Its policy must allow
        ``logging.s3.amazonaws.com``, and its default encryption must be SSE-S3 (S3, enable-server-access-logging).
        Default: a new bucket that keeps logs for a year.
    removal_policy
        Removal policy of buckets, queues and key. Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises ArchiveBucketError for a value that S3 or SQS would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_name: str | None = None,
        encryption_key: kms.IKey | None = None,
        lifecycle: ArchiveLifecycle | None = None,
        access_log_bucket: s3.IBucket | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, ArchiveBucketError)
        if access_log_bucket is not None:
            refuse_elsewhere(self, access_log_bucket)
        self._removal_policy = removal_policy
        self._known_name = bucket_name
        self._key = encryption_key or build_key(
            self,
            description=f"Objects and notifications of the archive {self.node.path}",
            removal_policy=removal_policy,
        )
        self._encryption_key = self._key
        self.access_log_bucket = access_log_bucket or build_access_log_bucket(self, removal_policy)
        self._resource = self._build_bucket(lifecycle or ArchiveLifecycle())
        self._notifications: list[ArchiveNotifications] = []
        if bucket_name is None:
            warn_of_generated_name(
                self, "bucket_name", effect="makes a new, empty archive and leaves the old one behind"
            )
        keep_while_used(self)

    @staticmethod
    def from_bucket_name(
        scope: Construct, construct_id: str, bucket_name: str, *, encryption_key: kms.IKey | None = None
    ) -> IArchiveBucket:
        """Import a bucket of this account and Region; without its key, grants allow nothing on the key."""
        return _ImportedArchiveBucket(scope, construct_id, bucket_name=bucket_name, encryption_key=encryption_key)

    @property
    def notifications(self) -> tuple[ArchiveNotifications, ...]:
        """The queues with notifications of new objects."""
        return tuple(self._notifications)

    def add_notifications(
        self,
        construct_id: str,
        *,
        prefix: str,
        suffix: str | None = None,
        visibility_timeout: Duration | None = None,
        max_receive_count: int = 5,
        alarm_age: Duration | None = None,
    ) -> ArchiveNotifications:
        """Add a queue with notifications of new objects below a prefix.

        Parameters
        ----------
        prefix, suffix
            Beginning and end of the object keys. An object may belong to one queue only.
        visibility_timeout
            Time that a reader has for a message, twelve hours at most. Default: five minutes.
        max_receive_count
            Number of receives after which a message goes to the dead-letter queue. Default: five.
        alarm_age
            Age of a message from which the alarm is on. Default: 30 minutes.

        Raises ArchiveBucketError for an overlap, which S3 refuses (S3, notification-how-to-filtering).
        """
        check_prefix(prefix)
        for other in self._notifications:
            if other.overlaps(prefix, suffix):
                raise ArchiveBucketError(
                    f"notifications for {prefix!r} overlap those for {other.prefix!r} of {self.node.path}: an object"
                    " may belong to one queue only; choose prefixes or suffixes that exclude each other"
                )
        if not self._notifications:
            self._allow_s3_to_encrypt()
        added = ArchiveNotifications(
            self,
            construct_id,
            bucket_arn=self._named_arn(),
            prefix=prefix,
            suffix=suffix,
            encryption_key=self._key,
            visibility_timeout=visibility_timeout or Duration.minutes(5),
            max_receive_count=max_receive_count,
            alarm_age=alarm_age or Duration.minutes(30),
            removal_policy=self._removal_policy,
        )
        self._notifications.append(added)
        self._configure_notifications(added)
        return added

    def grant_consume_notifications(self, grantee: iam.IGrantable, prefix: str) -> iam.Grant:
        """Allow the grantee to read every queue of a prefix and the objects below it, as a warehouse needs it.

        Raises ArchiveBucketError if no queue was added for the prefix.
        """
        queues = [each for each in self._notifications if each.prefix == prefix]
        if not queues:
            known = ", ".join(repr(each.prefix) for each in self._notifications) or "none"
            raise ArchiveBucketError(
                f"no queue has notifications for {prefix!r} (known: {known}): call add_notifications first"
            )
        grant = self.grant_read(grantee, prefix)
        for each in queues:
            grant = grant.combine(each.grant_consume(grantee))
        return grant

    def _build_bucket(self, lifecycle: ArchiveLifecycle) -> s3.CfnBucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=self._known_name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=_TLS_1_2,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=lifecycle.rules(),
            removal_policy=self._removal_policy,
        )
        self._bucket = bucket
        resource = cast("s3.CfnBucket", bucket.node.default_child)
        # The CDK's Bucket grants log delivery through an ACL unless the user's app sets a feature flag.
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self.access_log_bucket.bucket_name, log_file_prefix="archive/"
        )
        log_policy = self.access_log_bucket.policy
        if log_policy is not None:
            resource.node.add_dependency(log_policy)
        keep_policy(bucket, self._removal_policy)
        return resource

    def _configure_notifications(self, added: ArchiveNotifications) -> None:
        """Set the queues as a property of the bucket; the CDK's way is a Lambda function with wildcard permissions."""
        self._resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[each.configuration() for each in self._notifications]
        )
        self._resource.node.add_dependency(added.queue_policy)

    def _allow_s3_to_encrypt(self) -> None:
        """Allow S3 to encrypt messages with the queue's key (S3, grant-destinations-permissions-to-s3)."""
        result = self._key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowS3ToTellOfNewObjects",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if not result.statement_added:
            Annotations.of(self).add_warning_v2(
                FOREIGN_KEY_WARNING,
                "the policy of an imported key cannot be changed here: allow s3.amazonaws.com to call kms:Decrypt and"
                " kms:GenerateDataKey on it, or creating the bucket fails",
            )

    def _named_arn(self) -> str | None:
        if self._known_name is None or Token.is_unresolved(self._known_name):
            return None
        return f"arn:{Stack.of(self).partition}:s3:::{self._known_name}"


class _ImportedArchiveBucket(ArchiveBucketBase):
    """An archive that was created outside of this app."""

    def __init__(
        self, scope: Construct, construct_id: str, *, bucket_name: str, encryption_key: kms.IKey | None
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, ArchiveBucketError)
        self._encryption_key = encryption_key
        self._bucket = s3.Bucket.from_bucket_attributes(
            self, "Bucket", bucket_name=bucket_name, encryption_key=encryption_key
        )
