"""Provider of a search domain's content: its master role, and the handler in the VPC that assumes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Names, RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.foundation.wildcards import record_wildcard
from cdk_penstock.model.custom_resources.search_content_resource import SearchContentResource
from cdk_penstock.sinks.errors import SearchDomainError
from cdk_penstock.sinks.sink_wildcards import DOMAIN_CONTENT

if TYPE_CHECKING:
    from aws_cdk import CustomResource
    from constructs import IConstruct

    from cdk_penstock.model.search_content import Content
    from cdk_penstock.sinks.search.domain_base import SearchDomainBase

_HTTP_ACTIONS: Final = ("es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpPatch", "es:ESHttpPost", "es:ESHttpPut")
_PATHS: Final = (
    "_component_template/penstock-*",
    "_dashboards/api/saved_objects/*",
    "_index_template/*",
    "_plugins/_security/api/roles/*",
    "_plugins/_security/api/rolesmapping/*",
)


class SearchContentProvider(Construct):
    """The domain's master user, an IAM role without a password, and the only function that may assume it.

    ``access_policy`` is the policy of the domain, which allows the role no more than the role's policy does. The
    function reaches the domain through its security group, and STS through an endpoint or NAT gateway of the VPC.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: SearchDomainBase,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain = domain
        self._resources: list[CustomResource] = []
        self._needs: list[IConstruct] = []
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="Keeps roles and dashboards in a search domain"
        )
        domain.connections.allow_default_port_from(self.security_group, "Roles and dashboards")
        self._provider = ControlProvider(
            self,
            "Provider",
            handler="search_content",
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=[self.security_group],
        )
        self.master_role = self._build_master_role(domain.domain_arn, removal_policy)
        self._provider.allow(["sts:AssumeRole"], resource=self.master_role.role_arn)
        # IAM allows what either policy allows, so a wider access policy would make the role's policy useless.
        self.access_policy = iam.PolicyDocument(
            statements=[_statement(domain.domain_arn, principals=[iam.ArnPrincipal(self.master_role.role_arn)])]
        )

    def put(self, scope: Construct, construct_id: str, content: Content) -> CustomResource:
        """Add content; each resource removes only what it has added."""
        content_id = f"{Names.unique_resource_name(scope, max_length=80, separator='-')}-{construct_id}"
        resource = self._provider.build_resource(
            scope,
            construct_id,
            SearchContentResource.of(
                content,
                endpoint=self._domain.domain_endpoint,
                master_role_arn=self.master_role.role_arn,
                content_id=content_id,
                is_opaque=Token.is_unresolved,
            ),
        )
        # The rules to reach the domain must exist until its content is removed.
        resource.node.add_dependency(self.security_group, *self._domain.connections.security_groups)
        self._resources.append(resource)
        for each in self._needs:
            _order(each, resource)
        return resource

    def put_for(self, role: iam.IRole, content: Content, construct_id: str) -> IConstruct:
        """Add content that refers to a role to the role's stack, which may be deployed after the domain's."""
        stack = Stack.of(role)
        scope = self._domain if stack.node.path == Stack.of(self).node.path else stack
        return scope.node.try_find_child(construct_id) or self.put(scope, construct_id, content)

    def need(self, construct: IConstruct) -> None:
        """Create all content in the construct's stack after the construct, and delete it before."""
        self._needs.append(construct)
        for resource in self._resources:
            _order(construct, resource)

    def _build_master_role(self, domain_arn: str, removal_policy: RemovalPolicy) -> iam.Role:
        role = iam.Role(
            self,
            "MasterRole",
            description=f"Master user of the search domain {Stack.of(self).stack_name}",
            assumed_by=iam.ArnPrincipal(self._provider.role.role_arn),
            inline_policies={"Content": iam.PolicyDocument(statements=[_statement(domain_arn)])},
        )
        role.apply_removal_policy(removal_policy)
        for resource in _resources(domain_arn):
            record_wildcard(role, actions=_HTTP_ACTIONS, resource=resource, reason=DOMAIN_CONTENT)
        return role


def _resources(domain_arn: str) -> list[str]:
    return [f"{domain_arn}/{path}" for path in _PATHS]


def _statement(domain_arn: str, *, principals: list[iam.IPrincipal] | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(_HTTP_ACTIONS), resources=_resources(domain_arn), principals=principals)


def _order(first: IConstruct, then: CustomResource) -> None:
    """Order two constructs of one stack; a dependency between stacks might close a circle."""
    if Stack.of(first).node.path == Stack.of(then).node.path:
        then.node.add_dependency(first)


def role_of(grantee: iam.IGrantable) -> iam.IRole:
    """Return the role of a grantee; raise SearchDomainError for a grantee that is not a role."""
    principal = grantee.grant_principal
    if not hasattr(principal, "role_arn"):
        raise SearchDomainError(f"the security plugin maps IAM roles, got {type(principal).__name__}: pass a role")
    return cast("iam.IRole", principal)
