"""Role of a Grafana workspace for its data sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct

_POLICY_NAME: Final = "DataSources"


class WorkspaceRole(iam.Role):
    """A role for workspaces of this account and Region, with all grants in one inline policy.

    It has no permission until a data source is added. The inline policy is retained with the role. The trust policy
    cannot name the workspace, which is created after the role, so it names the account's workspaces of the Region
    (Managed Grafana, cross-service confused deputy prevention).
    """

    def __init__(self, scope: Construct, construct_id: str, *, removal_policy: RemovalPolicy) -> None:
        self._document = iam.PolicyDocument()
        stack = Stack.of(scope)
        workspaces = stack.format_arn(
            service="grafana", resource="/workspaces", resource_name="*", arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )
        super().__init__(
            scope,
            construct_id,
            description="Queries the data sources of an Amazon Managed Grafana workspace",
            assumed_by=iam.ServicePrincipal(
                "grafana.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": workspaces},
                },
            ),
        )
        self.apply_removal_policy(removal_policy)

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to the inline policy; the CDK's grants call this method."""
        self._document.add_statements(statement)
        # IAM refuses an inline policy without a statement, so it is added with the first one.
        role = cast("iam.CfnRole", self.node.default_child)
        role.policies = [iam.CfnRole.PolicyProperty(policy_name=_POLICY_NAME, policy_document=self._document)]
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self)

    def add_to_policy(self, statement: iam.PolicyStatement) -> bool:
        """Add a statement to the inline policy."""
        return self.add_to_principal_policy(statement).statement_added
