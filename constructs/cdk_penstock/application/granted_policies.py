"""The policies of what a job is granted, none of which is ever changed in place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

import jsii
from aws_cdk import CfnDeletionPolicy, IStableStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from constructs import DependencyGroup

from cdk_penstock.foundation.digests import content_digest

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy

_POLICY_CHARACTERS: Final = 4000
"""Of a statement as the template has it; an ARN may be longer than the reference to it, and 6144 is IAM's limit."""


class GrantedPolicies:
    """Managed policies of one role, each of which is replaced whenever its content changes.

    A deployment that changes a policy in place takes permissions from the running job before the job is updated: it
    fails, MSF cannot take the snapshot that an update needs, and the deployment rolls back. A policy that is replaced
    is made first, with the new content; the old one goes in CloudFormation's clean-up, after every update, and stays
    where the deployment fails. CloudFormation replaces a managed policy whose description changes
    (AWS::IAM::ManagedPolicy), so its description has a digest of its content.

    A role has 10 managed policies at most (IAM, quotas): two of each during a deployment, so 5 of these, or fewer with
    others beside them.

    Parameters
    ----------
    role
        The role.
    removal_policy
        What becomes of the policies with their stack; one that is replaced is deleted all the same.
    """

    def __init__(self, role: iam.Role, *, removal_policy: RemovalPolicy) -> None:
        self._role = role
        self._removal_policy = removal_policy
        self._policies: list[iam.ManagedPolicy] = []
        self._characters = 0
        self.all = DependencyGroup()

    def add(self, statement: iam.PolicyStatement) -> iam.ManagedPolicy:
        """Add a statement, to another policy where the present one is full, and return the policy."""
        characters = len(json.dumps(Stack.of(self._role).resolve(statement.to_statement_json())))
        if not self._policies or self._characters + characters > _POLICY_CHARACTERS:
            self._policies.append(self._build(len(self._policies) + 1))
            self._characters = 0
        self._characters += characters
        self._policies[-1].add_statements(statement)
        return self._policies[-1]

    def _build(self, number: int) -> iam.ManagedPolicy:
        producer = _Description()
        policy = iam.ManagedPolicy(
            self._role, f"Granted{number}", roles=[self._role], description=Lazy.string(producer)
        )
        producer.policy = policy
        policy.apply_removal_policy(self._removal_policy)
        resource = cast("iam.CfnManagedPolicy", policy.node.default_child)
        resource.cfn_options.update_replace_policy = CfnDeletionPolicy.DELETE
        self.all.add(policy)
        return policy


@jsii.implements(IStableStringProducer)
class _Description:
    policy: iam.ManagedPolicy

    def produce(self) -> str:
        digest = content_digest(Stack.of(self.policy).resolve(self.policy.document))[:16]
        return f"What the job of a Managed Service for Apache Flink application is granted, {digest}"
