"""The decisions on keys that a local MSF asks for, from the stand-ins of KMS and IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.policy_source import AllowAll, KeyState, ResolvedKey
from cdk_penstock.model.policies.evaluator import Decision, Outcome
from cdk_penstock.model.policies.operations import Verdict
from tests.control.fake_aws import ACCOUNT, FakeIam, FakeKms

if TYPE_CHECKING:
    from cdk_penstock.model.policies.evaluator import Caller
    from cdk_penstock.model.policies.operations import KeyPath

ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"


class KeyPolicies(AllowAll):
    """Keys as KMS describes them; the operator may use those of ``managed_keys``, or of its inline policies."""

    def __init__(self, kms: FakeKms, iam: FakeIam) -> None:
        super().__init__()
        self._kms = kms
        self.iam = iam
        self.managed_keys: set[str] = set()

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        if caller.arn == ADMINISTRATOR or key_arn in self.managed_keys or self.iam.allows(key_arn):
            return super().caller_can_use_key(caller, path, key_arn)
        denied = Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="no statement allows it")
        return Verdict(calls=tuple((each, denied) for each in path.requests(caller, key_arn)))

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:  # noqa: ARG002 - the interface
        known = self._kms.metadata.get(key_id)
        return ResolvedKey(arn=key_id, state=KeyState(known["KeyState"])) if known else None
