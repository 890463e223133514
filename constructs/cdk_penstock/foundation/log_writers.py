"""Resource policies of CloudWatch Logs that allow AWS services to write to the log groups of a stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAX_CHARACTERS: Final = 5_120
"""Limit of a policy document (AWS::Logs::ResourcePolicy, PolicyDocument)."""
_REFERENCE: Final = "${Token["
_CHARACTERS_OF_REFERENCE: Final = 130
"""Upper limit for the ARN of a rule, and of a log group that CloudFormation names."""


class LogWriters(Construct):
    """Policy for all log groups of a stack that one kind of construct creates.

    CloudWatch Logs allows ten policies per account and Region, and this quota cannot be raised. A second policy is
    added only when the document of the first is full.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._policies: list[logs.CfnResourcePolicy] = []
        self._statements: list[Mapping[str, Any]] = []

    @classmethod
    def of(cls, scope: Construct, kind: str) -> LogWriters:
        """Return the stack's policy for a kind of construct.

        Each kind has its own, because the writers of one kind may depend on constructs of another.
        """
        stack, construct_id = Stack.of(scope), f"Penstock{kind}LogWriters"
        found = stack.node.try_find_child(construct_id)
        return found if isinstance(found, cls) else cls(stack, construct_id)

    def allow(
        self, statements: Sequence[Mapping[str, Any]], *, removal_policy: RemovalPolicy = RemovalPolicy.DESTROY
    ) -> logs.CfnResourcePolicy:
        """Add statements, and return their policy; it is retained if any of its statements is to be retained."""
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
