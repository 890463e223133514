"""Log groups, log streams, and the resource policies of CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.rehearsal.providers.document_values import document_of
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted
    from cdk_penstock.rehearsal.providers.resource_identity import Identity

_KEY_ACTIONS: Final = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
)
"""Uses of a log group's key with its encryption context (CloudWatch Logs user guide, "Encrypt log data using AWS KMS").

The guide's policy also has Describe*, under a condition on the encryption context, which a description has not."""


class LogGroupProvider(NamedOnly):
    """Creates log groups; CloudWatch Logs must be able to use their key."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the log group."""
        made = super().create(wanted)
        try:
            self._check_key(wanted, made)
        except ResourceFailedError:
            self.world.records.pop(_arn(made))
            raise
        self.world.log_groups.add(made.physical_id)
        return made

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change the log group."""
        if existing.wanted.properties.get("KmsKeyId") != wanted.properties.get("KmsKeyId"):
            self._check_key(wanted, existing.made)
        return super().update(existing, wanted)

    def delete(self, existing: Existing) -> None:
        """Delete the log group with its streams."""
        name = existing.made.physical_id
        self.world.log_groups.discard(name)
        self.world.log_streams = {each for each in self.world.log_streams if each[0] != name}
        super().delete(existing)

    def not_proven(self, wanted: Wanted) -> str:
        """Return a sentence about a key of another app, empty if the key is known or there is none."""
        key = str(wanted.properties.get("KmsKeyId", ""))
        if not key or key in self.world.authority.resource_policies:
            return ""
        return f"the policy of its key {key} is not known here"

    def _check_key(self, wanted: Wanted, made: Made) -> None:
        key = str(wanted.properties.get("KmsKeyId", ""))
        if key not in self.world.authority.resource_policies:
            return
        actor = Actor(made_by=MadeBy.SERVICE, service=f"logs.{wanted.place.region}.amazonaws.com")
        context = {"kms:EncryptionContext:aws:logs:arn": _arn(made), "kms:EncryptionContextKeys": "aws:logs:arn"}
        decisions = [self.world.authority.ask(actor, action, key, context) for action in _KEY_ACTIONS]
        if denied := [each.reason for each in decisions if not each.allowed]:
            raise ResourceFailedError(
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{_arn(made)}' (Service:"
                f" CloudWatchLogs, Status Code: 400): {denied[0]}"
            )

    def _is_taken(self, wanted: Wanted, identity: Identity) -> bool:
        # A group that Lambda has made is in no record.
        return identity.name in self.world.log_groups or super()._is_taken(wanted, identity)


class LogStreamProvider(NamedOnly):
    """Creates log streams in log groups that exist."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the log stream."""
        group = str(wanted.properties.get("LogGroupName"))
        if group not in self.world.log_groups:
            raise ResourceFailedError(
                f"The specified log group does not exist: {group} (Service: CloudWatchLogs, Status Code: 400)"
            )
        made = super().create(wanted)
        self.world.log_streams.add((group, made.physical_id))
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the log stream."""
        group = str(existing.wanted.properties.get("LogGroupName"))
        self.world.log_streams.discard((group, existing.made.physical_id))
        super().delete(existing)

    def _is_taken(self, wanted: Wanted, identity: Identity) -> bool:
        return (str(wanted.properties.get("LogGroupName")), identity.name) in self.world.log_streams


class LogsPolicyProvider(NamedOnly):
    """Checks that a policy of CloudWatch Logs can be read; no call of a play is decided by it."""

    left_out = "a policy for other services that write logs, which nothing in a play calls"

    def create(self, wanted: Wanted) -> Made:
        """Create the policy."""
        PolicyDocument.from_json(document_of(wanted.properties.get("PolicyDocument")))
        return super().create(wanted)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change the policy."""
        PolicyDocument.from_json(document_of(wanted.properties.get("PolicyDocument")))
        return super().update(existing, wanted)


def _arn(made: Made) -> str:
    """Return the ARN of a log group as its key knows it, which does not end in ``:*``."""
    return str(made.attributes["Arn"]).removesuffix(":*")


PROVIDERS = {
    "AWS::Logs::LogGroup": LogGroupProvider,
    "AWS::Logs::LogStream": LogStreamProvider,
    "AWS::Logs::ResourcePolicy": LogsPolicyProvider,
}
