"""The role that operates one application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from cdk_penstock.encryption.named_principals import key_principals, require_named
from cdk_penstock.model.policies.operator_policies import operator_base_policy, operator_key_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from cdk_penstock.application import IFlinkApplication


class OperatorRole(iam.Role):
    """A role with the lifecycle actions on one application, and, once there is a key, with that key for it.

    Whoever starts, stops, updates, snapshots or rolls back an application under a customer managed key needs
    permissions on the key. All automation, and all people, do it as this role, so that the key's policy names
    one principal. The base policy and the policy of each key are managed policies of their own: a key's policy
    is attached after the key exists, and detached without touching anything else.

    Parameters
    ----------
    application
        The application.
    execution_role_arn
        The role that the job runs as, which the operator may pass to MSF, and to nothing else.
    operators
        Who may assume the role: roles, or a PermissionSetPrincipal.

    Raises EncryptionError for no operator, KeyPrincipalError for one with a wildcard or a whole account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        execution_role_arn: str,
        operators: Sequence[iam.IPrincipal],
    ) -> None:
        require_named("operator", operators)
        super().__init__(
            scope,
            construct_id,
            description=f"Operates the Managed Service for Apache Flink application {application.application_name}",
            assumed_by=operators[0] if len(operators) == 1 else iam.CompositePrincipal(*operators),
        )
        self._application_arn = application.application_arn
        named = key_principals("operator", operators)
        self.trusted_arns = [arn for each in named for arn in each.patterns or (each.arn,)]
        """Principals that may assume the role: ARNs, with ``*`` for what IAM Identity Center generates."""
        base = operator_base_policy(application_arn=self._application_arn, execution_role_arn=execution_role_arn)
        self.base_policy = iam.ManagedPolicy(
            self,
            "BasePolicy",
            description=f"Lifecycle of the application {application.application_name}",
            document=iam.PolicyDocument.from_json(base.to_json()),
            roles=[self],
        )

    def use_key(self, scope: Construct, construct_id: str, key: kms.IKey) -> iam.ManagedPolicy:
        """Attach the policy that allows this key, through MSF and for this application only.

        The policy is made in the scope given, not in the role's: whoever waits for the role does not wait for a key.
        """
        document = operator_key_policy(
            application_arn=self._application_arn, key_arns=[key.key_arn], region=Stack.of(self).region
        )
        return iam.ManagedPolicy(
            scope,
            construct_id,
            description="Customer managed key of one application on Managed Service for Apache Flink",
            document=iam.PolicyDocument.from_json(document.to_json()),
            roles=[self],
        )
