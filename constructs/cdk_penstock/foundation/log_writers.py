"""The policy with which AWS services write to log groups of a stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ("LogWriters",)

_MAX_CHARACTERS: Final = 5_120
"""Of a policy's document (AWS::Logs::ResourcePolicy, PolicyDocument)."""
_REFERENCE: Final = "${Token["
_CHARACTERS_OF_REFERENCE: Final = 130
"""No ARN of a rule, and none of a group that CloudFormation names, is longer."""


class LogWriters(Construct):
    """One policy of CloudWatch Logs for all log groups of a stack that one kind of construct makes.

    CloudWatch Logs takes ten policies in an account and Region, for everybody in it, and AWS cannot raise that. A new
    one is begun only where the document has no room left.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._policies: list[logs.CfnResourcePolicy] = []
        self._statements: list[Mapping[str, Any]] = []

    @classmethod
    def of(cls, scope: Construct, kind: str) -> LogWriters:
        """Return the stack's policy for a kind of construct.

        Kinds are apart because a log group is ready before what writes to it, which another kind may have to wait for.
        """
        stack, construct_id = Stack.of(scope), f"Penstock{kind}LogWriters"
        found = stack.node.try_find_child(construct_id)
        return found if isinstance(found, cls) else cls(stack, construct_id)

    def allow(
        self, statements: Sequence[Mapping[str, Any]], *, removal_policy: RemovalPolicy = RemovalPolicy.DESTROY
    ) -> logs.CfnResourcePolicy:
        """Add statements, and return the policy that holds them: it stays if any of them is to stay."""
        if not self._policies or _characters([*self._statements, *statements]) > _MAX_CHARACTERS:
            self._begin()
        self._statements += statements
        policy = self._policies[-1]
        policy.policy_document = _document(self, self._statements)
        if removal_policy is not RemovalPolicy.DESTROY:
            policy.apply_removal_policy(removal_policy)
        return policy

    def _begin(self) -> None:
        number = len(self._policies) + 1
        self._statements = []
        self._policies.append(
            logs.CfnResourcePolicy(
                self, f"Policy{number}", policy_name=f"{self.node.addr}-{number}", policy_document=_document(self, [])
            )
        )


def _document(scope: Construct, statements: Sequence[Mapping[str, Any]]) -> str:
    return Stack.of(scope).to_json_string({"Version": "2012-10-17", "Statement": list(statements)})


def _characters(statements: Sequence[Mapping[str, Any]]) -> int:
    text = json.dumps(statements, separators=(",", ":"))
    return len(text) + _CHARACTERS_OF_REFERENCE * text.count(_REFERENCE)
