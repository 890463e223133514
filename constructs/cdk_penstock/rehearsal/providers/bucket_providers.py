"""Buckets of S3, and their policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.rehearsal.policy_names import PolicyKind, policy_name
from cdk_penstock.rehearsal.providers.document_values import document_of
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.world.iam_roles import named_policy

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted


class BucketProvider(NamedOnly):
    """Creates buckets for objects; their configuration, such as encryption and lifecycle, is not modelled."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the bucket."""
        made = super().create(wanted)
        try:
            self.world.objects.create_bucket(made.physical_id)
        except ObjectStoreError as error:
            self.world.records.pop(str(made.attributes["Arn"]))
            raise ResourceFailedError(f"{error} (Service: S3)") from error
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the bucket; S3 refuses that while objects are in it."""
        try:
            self.world.objects.delete_bucket(existing.made.physical_id)
        except ObjectStoreError as error:
            raise ResourceFailedError(f"{error} (Service: S3)") from error
        super().delete(existing)


class BucketPolicyProvider(NamedOnly):
    """Puts the policy of a bucket, which decides on its objects too."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Put the policy."""
        self._put(wanted)
        return super().create(wanted)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Put the policy again."""
        self._put(wanted)
        return super().update(existing, wanted)

    def delete(self, existing: Existing) -> None:
        """Delete the policy."""
        self.world.authority.resource_policies.pop(_bucket_arn(existing.wanted), None)
        super().delete(existing)

    def _put(self, wanted: Wanted) -> None:
        document = document_of(wanted.properties.get("PolicyDocument"))
        policy = named_policy(policy_name(wanted.name, PolicyKind.POLICY), document)
        self.world.authority.resource_policies[_bucket_arn(wanted)] = policy


def _bucket_arn(wanted: Wanted) -> str:
    return f"arn:{wanted.place.partition}:s3:::{wanted.properties.get('Bucket')}"


PROVIDERS = {"AWS::S3::Bucket": BucketProvider, "AWS::S3::BucketPolicy": BucketPolicyProvider}
