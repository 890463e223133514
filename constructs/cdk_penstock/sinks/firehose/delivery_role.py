"""Role of a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from cdk_penstock.foundation.elsewhere import warn_of_other_account
from cdk_penstock.foundation.wildcards import record_wildcard
from cdk_penstock.model.regions import via_service
from cdk_penstock.sinks.firehose.delivery_source import KAFKA_GROUPS, DeliverySource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

_OBJECTS: Final = (
    "Firehose makes the names of the objects that it writes; the statement is limited to the delivery's folders"
)
_OBJECT_ACTIONS: Final = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
_BUCKET_ACTIONS: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")


class DeliveryRole(iam.Role):
    """A role with one inline policy to read the source and write to the folders, in force before Firehose checks it.

    Firehose names the account as the external id when it assumes a role (firehose, controlling-access).

    Parameters
    ----------
    source
        The source of the records.
    targets
        The buckets, each with its folders.
    statements
        Further statements: for the log and the schema.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: DeliverySource,
        targets: Iterable[tuple[s3.IBucket, Sequence[str]]],
        statements: Sequence[iam.PolicyStatement],
        removal_policy: RemovalPolicy,
    ) -> None:
        targets = list(targets)
        document = iam.PolicyDocument(
            statements=[
                *source.statements(scope),
                *(statement for bucket, folders in targets for statement in _write(scope, bucket, folders)),
                *statements,
            ]
        )
        super().__init__(
            scope,
            construct_id,
            description="Delivers records to S3 for Amazon Data Firehose",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com", conditions={"StringEquals": {"sts:ExternalId": Stack.of(scope).account}}
            ),
            inline_policies={"Delivery": document},
        )
        self.apply_removal_policy(removal_policy)
        for resource, actions in source.wildcards(scope).items():
            record_wildcard(self, actions=actions, resource=resource, reason=KAFKA_GROUPS)
        source.warn_of_other_account(self)
        for bucket, folders in targets:
            for resource in _objects(bucket, folders):
                record_wildcard(self, actions=_OBJECT_ACTIONS, resource=resource, reason=_OBJECTS)
            self._warn_of_other_account(bucket, folders)

    def _warn_of_other_account(self, bucket: s3.IBucket, folders: Sequence[str]) -> None:
        warn_of_other_account(
            bucket,
            self,
            account=bucket.env.account,
            policy="its bucket policy",
            actions=[*_BUCKET_ACTIONS, *_OBJECT_ACTIONS, "s3:PutObjectAcl"],
            resources=[bucket.bucket_arn, *_objects(bucket, folders)],
        )
        if bucket.encryption_key is not None:
            warn_of_other_account(
                bucket,
                self,
                account=bucket.encryption_key.env.account,
                policy="the policy of its key",
                actions=_KEY_ACTIONS,
                resources=[bucket.encryption_key.key_arn],
            )


def _objects(bucket: s3.IBucket, folders: Sequence[str]) -> list[str]:
    return [bucket.arn_for_objects(f"{folder}*") for folder in folders]


def _write(scope: Construct, bucket: s3.IBucket, folders: Sequence[str]) -> list[iam.PolicyStatement]:
    statements = [
        iam.PolicyStatement(actions=list(_BUCKET_ACTIONS), resources=[bucket.bucket_arn]),
        iam.PolicyStatement(actions=list(_OBJECT_ACTIONS), resources=_objects(bucket, folders)),
    ]
    if bucket.encryption_key is not None:
        statements.append(
            iam.PolicyStatement(
                actions=list(_KEY_ACTIONS),
                resources=[bucket.encryption_key.key_arn],
                conditions={
                    "StringEquals": via_service("s3", Stack.of(scope).region),
                    # The bucket's ARN with an S3 bucket key, the object's ARN without one.
                    "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket.bucket_arn, *_objects(bucket, folders)]},
                },
            )
        )
    return statements
