"""An application that was created elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NoReturn

import jsii
from aws_cdk import Annotations, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_penstock.application.flink_application_base import FlinkApplicationBase
from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.elsewhere import is_of_other_account
from cdk_penstock.model.names import parse_application_arn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from cdk_penstock.model.runtimes import FlinkRuntime

UNKNOWN_ROLE_WARNING: Final = "penstock:executionRoleOfImport"


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class ImportedFlinkApplication(FlinkApplicationBase):
    """An application of the stack's account and Region that another stack, or nobody's stack, has created.

    ``FlinkApplication.from_application_name`` and ``from_application_attributes`` make it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application_name: str,
        runtime: FlinkRuntime,
        execution_role: iam.IRole | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        super().__init__(scope, construct_id, application_name=application_name, runtime=runtime)
        if execution_role is not None:
            _refuse_foreign_role(self, execution_role)
        self._execution_role = execution_role
        self._security_groups = security_groups
        self._unknown_role = UnknownExecutionRole(self)

    @property
    def execution_role(self) -> iam.IRole | None:
        """The role that the job runs as, None where the import did not name it."""
        return self._execution_role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The execution role; where it is not known, a grant only warns and says what the role needs."""
        if self._execution_role is None:
            return self._unknown_role
        return self._execution_role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the job; raises ApplicationPropsError where its security groups are not known."""
        if self._security_groups is None:
            raise ApplicationPropsError(
                f"the security groups of the imported application {self.node.path} are not known: import it with"
                " FlinkApplication.from_application_attributes(security_groups=[...])"
            )
        return ec2.Connections(security_groups=list(self._security_groups))

    def add_property_group(self, group: str, entries: Mapping[str, str]) -> NoReturn:
        """Raise ApplicationPropsError: property groups are set by whoever creates the application."""
        raise ApplicationPropsError(
            f"application {self.node.path} is imported, and its property groups are not this app's, got {group!r} with"
            f" {dict(entries)!r}: add the group where the application is created"
        )


def _refuse_foreign_role(scope: Construct, role: iam.IRole) -> None:
    if is_of_other_account(scope, role.env.account):
        raise ApplicationPropsError(
            f"the execution role of an application must be of its account {Stack.of(scope).account}, got one of"
            f" {role.env.account} for {scope.node.path}: iam:PassRole does not cross accounts"
        )


class UnknownExecutionRole(iam.PrincipalBase):
    """Stands for an execution role that nobody has named; it is in the application's account."""

    def __init__(self, application: ImportedFlinkApplication) -> None:
        super().__init__()
        self._application = application

    @property
    def principal_account(self) -> str:
        """The application's account, so that no policy of a resource is asked to name the role."""
        return Stack.of(self._application).account

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """Raise ApplicationPropsError: no policy can name the role."""
        raise ApplicationPropsError(self._message)

    def dedupe_string(self) -> None:
        """Return nothing: statements of two such roles are never one."""

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        """Warn that nothing is granted, and say what would have been."""
        needed = json.dumps(Stack.of(self._application).resolve(statement.to_statement_json()), sort_keys=True)
        Annotations.of(self._application).add_warning_v2(
            UNKNOWN_ROLE_WARNING, f"{self._message}, or add this statement to the role: {needed}"
        )
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._application)

    @property
    def _message(self) -> str:
        return (
            f"the execution role of the imported application {self._application.node.path} is not known, so nothing is"
            " granted: import it with FlinkApplication.from_application_attributes(execution_role=...)"
        )


def choose_imported_name(scope: Construct, application_name: str | None, application_arn: str | None) -> str:
    """Return the name of an application to import, by name or by ARN.

    Raises ApplicationPropsError unless exactly one is given, and for an ARN of another account or Region than the
    stack's, in which neither its key, its start nor its metrics could be reached.
    """
    if (application_name is None) == (application_arn is None):
        raise ApplicationPropsError(
            "an application is imported by its name or by its ARN, got"
            f" application_name={application_name!r} and application_arn={application_arn!r}: pass exactly one"
        )
    if application_name is not None:
        return application_name
    if application_arn is None or Token.is_unresolved(application_arn):
        raise ApplicationPropsError(
            "the ARN of an imported application must be known at synthesis, got a token: pass application_name"
        )
    region, account, name = parse_application_arn(application_arn)
    stack = Stack.of(scope)
    for what, own, other in (("account", stack.account, account), ("Region", stack.region, region)):
        if not Token.is_unresolved(own) and own != other:
            raise ApplicationPropsError(
                f"application {application_arn} is in {what} {other}, and the stack {stack.node.path} in {own}: import"
                f" it in a stack of that {what}"
            )
    return name
