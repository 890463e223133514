"""The value of kms:ViaService, tried with a key that only a service may use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from botocore.exceptions import ClientError

from tools.account_questions.account import TAG, ExperimentError, code_of
from tools.account_questions.experiment import Answer, Experiment

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("ViaService",)

_SECONDS: Final = 60.0
_DENIED: Final = frozenset({"AccessDeniedException", "InvalidKeyId"})


class ViaService(Experiment):
    """A key that may only be used through Systems Manager, named in one way and in the other."""

    name = "via-service"
    question = "Does kms:ViaService end with amazonaws.com in this partition? For aws-cn, ask in a Region of China."
    makes = "a KMS key, which is scheduled for deletion, and an SSM parameter under it"
    cost = "nothing, for a key that is deleted on the same day"
    answers: ClassVar = {
        "amazonaws.com": "kms:ViaService in model/policies/ stays as it is in this partition",
        "amazonaws.com.cn": "kms:ViaService in model/policies/key_policy.py and operator_policies.py must end with"
        " amazonaws.com.cn in this partition",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Let Systems Manager use the key, with each ending in turn."""
        kms = account.client("kms")
        first, second = self.answers
        key = cleanup.make(
            "the KMS key",
            lambda: kms.create_key(
                Description=account.prefix,
                Policy=_policy(account, first),
                Tags=[{"TagKey": TAG, "TagValue": self.name}],
            )["KeyMetadata"]["KeyId"],
            undo=lambda key_id: kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7),
        )
        if self._works(account, cleanup, key):
            return Answer(first, f"Systems Manager used the key through ssm.{account.region}.{first}")
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_policy(account, second))
        if self._works(account, cleanup, key):
            return Answer(second, f"Systems Manager used the key through ssm.{account.region}.{second} only")
        raise ExperimentError(
            "Systems Manager may use the key with neither ending: may the caller use keys by its own policies?"
        )

    def _works(self, account: Account, cleanup: Cleanup, key: str) -> bool:
        """Return whether a parameter can be put under the key, given the time that policies need to be seen."""
        try:
            account.wait_for(lambda: self._put(account, cleanup, key), until="the policy is seen", seconds=_SECONDS)
        except ExperimentError:
            return False
        return True

    def _put(self, account: Account, cleanup: Cleanup, key: str) -> bool:
        ssm, name = account.client("ssm"), f"/{account.prefix}"
        try:
            cleanup.make(
                f"parameter {name}",
                lambda: ssm.put_parameter(
                    Name=name,
                    Value="nothing",
                    Type="SecureString",
                    KeyId=key,
                    Tags=[{"Key": TAG, "Value": self.name}],
                ),
                undo=lambda _: ssm.delete_parameter(Name=name),
            )
        except ClientError as error:
            if code_of(error) in _DENIED:
                return False
            raise
        return True


def _policy(account: Account, ending: str) -> str:
    root = {"AWS": f"arn:{account.partition}:iam::{account.account_id}:root"}
    managed = ["kms:Describe*", "kms:Get*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": root, "Action": managed, "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": root,
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": f"ssm.{account.region}.{ending}"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
