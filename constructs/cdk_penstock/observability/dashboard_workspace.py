"""Workspace of Amazon Managed Grafana, with production defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.aws_grafana import CfnWorkspace

from cdk_penstock.foundation.digests import deployment_digest
from cdk_penstock.foundation.elsewhere import is_of_other_account
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.regions import check_service
from cdk_penstock.observability.dashboard_workspace_base import DashboardWorkspaceBase, IDashboardWorkspace
from cdk_penstock.observability.errors import DashboardWorkspaceError
from cdk_penstock.observability.grafana_version import GrafanaVersion
from cdk_penstock.observability.workspace_content import GrafanaContent, GrafanaContentProps
from cdk_penstock.observability.workspace_network import WorkspaceNetwork, network_access_control
from cdk_penstock.observability.workspace_role import WorkspaceRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from cdk_penstock.observability.dashboard import CloudWatchDataSource, Dashboard, PrometheusDataSource
    from cdk_penstock.observability.identity_source import IdentitySource
    from cdk_penstock.observability.metrics_workspace_base import IMetricsWorkspace

_NAME: Final = re.compile(r"[a-zA-Z0-9._~-]{1,255}")
_MAX_DESCRIPTION_CHARACTERS: Final = 2048


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class DashboardWorkspace(DashboardWorkspaceBase):
    """A workspace whose role, data sources and dashboards are code.

    Its permissions are customer managed: its role may do only what its data sources and the CDK's grants allow.
    A change of any property changes the workspace in place. CloudFormation has no property for its key: AWS encrypts it
    with an AWS owned key.

    Parameters
    ----------
    workspace_name
        Letters, digits, ``.``, ``_``, ``~`` and ``-``, at most 255.
    identity_source
        The users who may sign in.
    description
        At most 2048 characters. Default: none.
    grafana_version
        It can only be raised. Default: 12.4.
    vpc, vpc_subnets, security_groups
        A VPC with data sources, two to six of its subnets in different availability zones, and one to five security
        groups. All traffic to data sources then goes through the VPC. Managed Prometheus then needs an endpoint
        (``MetricsWorkspace.add_vpc_endpoint``) or a route to the internet. Default: none.
    allowed_prefix_lists, allowed_endpoints
        The networks that reach the workspace: managed prefix lists, and interface endpoints of ``grafana-workspace``,
        at most five of each; with only an empty list nobody reaches it. Default: every network, with a sign-in.
    plugin_admin_enabled
        True if admins may install plugins. Default: False.
    sns_notifications_enabled
        True if the console shows SNS as a destination of alerts; the role still needs ``sns:Publish``. Default: False.
    content
        Properties of the folder of dashboards, see GrafanaContent. Default: folder ``penstock``.
    removal_policy
        Of the workspace and its role. Default: RETAIN_ON_UPDATE_OR_DELETE, because it holds the users' dashboards.

    Raises DashboardWorkspaceError for a value that the service would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workspace_name: str,
        identity_source: IdentitySource,
        description: str | None = None,
        grafana_version: GrafanaVersion = GrafanaVersion.V12_4,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        allowed_prefix_lists: Sequence[ec2.IPrefixList] | None = None,
        allowed_endpoints: Sequence[ec2.IInterfaceVpcEndpoint] | None = None,
        plugin_admin_enabled: bool = False,
        sns_notifications_enabled: bool = False,
        content: GrafanaContentProps | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        check_service(CfnWorkspace.CFN_RESOURCE_TYPE_NAME, Stack.of(self).region)
        self._grafana_version = grafana_version
        self._content_props = content or GrafanaContentProps()
        self._content: GrafanaContent | None = None
        self._is_restricted = allowed_prefix_lists is not None or allowed_endpoints is not None
        self.network = self._build_network(vpc, vpc_subnets, security_groups)
        self._own_role = WorkspaceRole(self, "Role", removal_policy=removal_policy)
        self._role = self._own_role
        self.resource = CfnWorkspace(
            self,
            "Resource",
            name=_check_name(workspace_name),
            description=_check_description(description),
            account_access_type="CURRENT_ACCOUNT",
            permission_type="CUSTOMER_MANAGED",
            authentication_providers=[identity_source.provider],
            saml_configuration=identity_source.saml_configuration,
            role_arn=self._own_role.role_arn,
            grafana_version=grafana_version.version,
            data_sources=["PROMETHEUS"],
            notification_destinations=["SNS"] if sns_notifications_enabled else None,
            plugin_admin_enabled=plugin_admin_enabled,
            vpc_configuration=self.network.configuration() if self.network else None,
            network_access_control=network_access_control(allowed_prefix_lists, allowed_endpoints),
        )
        self.resource.apply_removal_policy(removal_policy)
        keep_while_used(self.resource)
        self._workspace_id = self.resource.attr_id

    @staticmethod
    def from_workspace_id(
        scope: Construct,
        construct_id: str,
        workspace_id: str,
        *,
        grafana_version: GrafanaVersion = GrafanaVersion.V12_4,
        role: iam.IRole | None = None,
    ) -> IDashboardWorkspace:
        """Import a workspace of this account and Region, to which a GrafanaContent can be added.

        Parameters
        ----------
        workspace_id
            The id, ``g-`` and ten hexadecimal digits.
        grafana_version
            Its version, which decides the plugin of the data source.
        role
            The role that it queries with, so that it can be granted permissions. A role of another stack is granted
            them by a policy in this stack, so that the other stack does not depend on this one. Such a role must have
            no path, because the CDK cannot separate path and name in an ARN that is known only at deployment
            (``Role.from_role_arn``). Default: not known.
        """
        return _ImportedDashboardWorkspace(
            scope, construct_id, workspace_id=workspace_id, grafana_version=grafana_version, role=role
        )

    @property
    def workspace_url(self) -> str:
        """The URL at which users sign in."""
        return f"https://{self.resource.attr_endpoint}"

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The workspace's role, so that ``topic.grant_publish(workspace)`` allows its alerts to notify."""
        return self._own_role

    @property
    def connections(self) -> ec2.Connections:
        """The connections to data sources; raises DashboardWorkspaceError for a workspace without VPC."""
        if self.network is None:
            raise DashboardWorkspaceError(f"workspace {self.node.path} is in no VPC and has no connections: pass vpc")
        return self.network.connections

    @property
    def content(self) -> GrafanaContent:
        """The folder of dashboards and its data sources, created on first use."""
        if self._content is None:
            self._content = GrafanaContent(self, "Content", workspace=self, **self._content_props)
        return self._content

    def add_prometheus_data_source(
        self, metrics: IMetricsWorkspace, *, name: str = "metrics", title: str | None = None, is_default: bool = False
    ) -> PrometheusDataSource:
        """Add a data source for a metrics workspace, and allow this workspace to query it, see GrafanaContent."""
        return self.content.add_prometheus_data_source(metrics, name=name, title=title, is_default=is_default)

    def add_cloudwatch_data_source(self, *, name: str = "cloudwatch", title: str | None = None) -> CloudWatchDataSource:
        """Add a data source for the account's metrics in CloudWatch, and allow to read them, see GrafanaContent."""
        # The console shows the kinds of data sources; the permission is in the role's policy.
        self.resource.data_sources = ["PROMETHEUS", "CLOUDWATCH"]
        return self.content.add_cloudwatch_data_source(name=name, title=title)

    def add_dashboard(self, dashboard: Dashboard) -> str:
        """Add a dashboard, and return its uid, see GrafanaContent."""
        return self.content.add_dashboard(dashboard)

    def _build_network(
        self,
        vpc: ec2.IVpc | None,
        vpc_subnets: ec2.SubnetSelection | None,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
    ) -> WorkspaceNetwork | None:
        if vpc is not None:
            return WorkspaceNetwork(self, "Network", vpc=vpc, vpc_subnets=vpc_subnets, security_groups=security_groups)
        if vpc_subnets is not None or security_groups is not None:
            raise DashboardWorkspaceError(
                f"vpc_subnets and security_groups of workspace {self.node.path} need a vpc: pass vpc as well"
            )
        return None


class _ImportedDashboardWorkspace(DashboardWorkspaceBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workspace_id: str,
        grafana_version: GrafanaVersion,
        role: iam.IRole | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._workspace_id = workspace_id
        self._grafana_version = grafana_version
        self._role = role if role is None else self._own_view_of(role)
        self._is_restricted = False

    def _own_view_of(self, role: iam.IRole) -> iam.IRole:
        if is_of_other_account(self, role.env.account):
            raise DashboardWorkspaceError(
                f"the role of workspace {self.node.path} must be of its account {Stack.of(self).account}, got one of"
                f" {role.env.account}"
            )
        if Stack.of(role).node.path == Stack.of(self).node.path:
            return role
        # A role has one policy of each name, and other stacks may import the role under the same construct ids.
        policy_name = f"DataSources{deployment_digest(self)}"
        return iam.Role.from_role_arn(self, "Role", role.role_arn, default_policy_name=policy_name)


def _check_name(name: str) -> str:
    if not Token.is_unresolved(name) and not _NAME.fullmatch(name):
        raise DashboardWorkspaceError(
            f"workspace_name must be 1 to 255 letters, digits, '.', '_', '~' or '-', got {name!r}"
        )
    return name


def _check_description(text: str | None) -> str | None:
    if text is not None and len(text) > _MAX_DESCRIPTION_CHARACTERS:
        raise DashboardWorkspaceError(
            f"description must be at most {_MAX_DESCRIPTION_CHARACTERS} characters, got {len(text)}"
        )
    return text
