"""Data sources and dashboards of a Grafana workspace, kept by a custom resource."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.foundation.digests import deployment_digest
from cdk_penstock.foundation.wildcards import READ_METRICS, record_wildcard
from cdk_penstock.model.custom_resources.grafana_content_resource import DashboardAsset, GrafanaContentResource
from cdk_penstock.model.grafana import CloudWatchSource, DataSource, check_uid, content_uid, owner_mark
from cdk_penstock.observability.dashboard import CloudWatchDataSource, Dashboard, PrometheusDataSource
from cdk_penstock.observability.errors import DashboardError, DashboardWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms

    from cdk_penstock.observability.dashboard_workspace_base import IDashboardWorkspace
    from cdk_penstock.observability.metrics_workspace_base import IMetricsWorkspace

UNKNOWN_ROLE_WARNING: Final = "penstock:grafanaRoleUnknown"

_HANDLER: Final = "grafana_content"
_READ_METRICS: Final = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
_ACTIONS: Final = (
    "grafana:CreateWorkspaceServiceAccount",
    "grafana:CreateWorkspaceServiceAccountToken",
    "grafana:DeleteWorkspaceServiceAccount",
    "grafana:DescribeWorkspace",
    "grafana:ListWorkspaceServiceAccounts",
)


class GrafanaContentProps(TypedDict, total=False):
    """Properties of GrafanaContent that a DashboardWorkspace passes on, each as described there."""

    folder_uid: str
    folder_title: str
    vpc: ec2.IVpc
    vpc_subnets: ec2.SubnetSelection
    security_groups: Sequence[ec2.ISecurityGroup]
    encryption_key: kms.IKey
    asset_encryption_key: kms.IKey


class GrafanaContent(Construct):
    """A folder of dashboards, and the data sources that they query.

    All of its objects have the uid ``<folder uid>-<name>`` and a mark. Objects of users are never changed, not even in
    this folder, and the deployment fails if an object has such a uid without the mark. A deployment that changes a
    dashboard overwrites the changes of users: they should edit a copy.

    The handler uses a service account of the workspace with the role of an administrator, which data sources require.
    It creates the account in each run and removes it at the end; the token is valid for 15 minutes. AWS bills a service
    account as a user.

    Parameters
    ----------
    workspace
        The workspace, whose API the function must reach.
    folder_uid, folder_title
        The folder. Each deployment with content for the same workspace needs another uid. Changing the uid creates new
        dashboards at new addresses. The deployment fails if another owner's folder has the uid under another title.
    vpc, vpc_subnets, security_groups
        Network of the function, for a workspace that is reached only from a VPC. Default: no VPC. If the VPC's
        endpoints are in the same stack, call ``content.node.add_dependency(network)`` with the ApplicationVpc. Without
        it CloudFormation may create them after the content, or delete them before, and the function reaches nothing.
    encryption_key
        Key of the function's log and environment. Default: keys that AWS owns.
    asset_encryption_key
        Key of the CDK's asset bucket, if the account was bootstrapped with a customer managed key.

    Raises GrafanaNameError for a uid that Grafana would refuse, and DashboardWorkspaceError for a workspace with
    network access control if no VPC is given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workspace: IDashboardWorkspace,
        folder_uid: str = "penstock",
        folder_title: str = "Penstock",
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        encryption_key: kms.IKey | None = None,
        asset_encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._workspace = workspace
        self.folder_uid = check_uid(folder_uid, what="the folder")
        self._asset_encryption_key = asset_encryption_key
        if workspace.is_restricted and vpc is None:
            raise DashboardWorkspaceError(
                f"the workspace of {self.node.path} has network access control, so a function outside of a VPC does not"
                " reach it: pass the vpc of an allowed endpoint (content of DashboardWorkspace), or add no content"
            )
        self.mark = owner_mark(self.folder_uid, deployment_digest(self))
        self._provider = ControlProvider(
            self,
            "Provider",
            handler=_HANDLER,
            encryption_key=encryption_key,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
        )
        self._provider.role.add_to_policy(
            iam.PolicyStatement(
                sid="ActThroughServiceAccount", actions=list(_ACTIONS), resources=[workspace.workspace_arn]
            )
        )
        self._content = GrafanaContentResource(
            workspace_id=workspace.workspace_id,
            folder_uid=self.folder_uid,
            folder_title=folder_title,
            mark=self.mark,
        )
        self._custom_resource = self._provider.build_resource(
            self,
            "Resource",
            self._content,
        )

    @property
    def workspace_url(self) -> str:
        """The URL of the workspace, known after the content is deployed."""
        return self._custom_resource.get_att_string("Url")

    def add_prometheus_data_source(
        self, metrics: IMetricsWorkspace, *, name: str = "metrics", title: str | None = None, is_default: bool = False
    ) -> PrometheusDataSource:
        """Add a data source for a metrics workspace, and allow the Grafana workspace to query it.

        Requests are signed with the workspace's role. If it is not known, because the workspace is imported, a warning
        asks for the grant.

        Parameters
        ----------
        metrics
            The metrics workspace.
        name
            With the folder's uid it forms the data source's uid.
        title
            Its name in Grafana, which must be unique. Default: its uid.
        is_default
            True if panels without a data source use it, instead of the present default.

        Raises DashboardError for a name that is used already.
        """
        uid = content_uid(self.folder_uid, name, what=f"data source {name!r}")
        source = PrometheusDataSource(uid=uid, type=self._workspace.grafana_version.prometheus_data_source_type)
        present = self._content.cloudwatch_data_sources
        _refuse_twice([*self._content.data_sources, *present], uid, f"data source {name!r}")
        added = DataSource(
            uid=uid,
            name=title or uid,
            type=source.type,
            url=metrics.data_source_url,
            region=metrics.region,
            is_default=is_default,
        )
        self._render(replace(self._content, data_sources=(*self._content.data_sources, added)))
        if self._workspace.role is not None:
            metrics.grant_query(self._workspace.role)
        else:
            self._warn_of_unknown_role(f"to query {metrics.workspace_arn}")
        return source

    def add_cloudwatch_data_source(self, *, name: str = "cloudwatch", title: str | None = None) -> CloudWatchDataSource:
        """Add a data source for the metrics of this account and Region, and allow the workspace to read them.

        IAM cannot limit this to some metrics. If the workspace's role is not known, because the workspace is imported,
        a warning asks for the grant. A workspace in a VPC needs its endpoint ``monitoring`` or a route to the internet.

        Parameters
        ----------
        name
            With the folder's uid it forms the data source's uid.
        title
            Its name in Grafana, which must be unique. Default: its uid.

        Raises DashboardError for a name that is used already.
        """
        uid = content_uid(self.folder_uid, name, what=f"data source {name!r}")
        present = self._content.cloudwatch_data_sources
        _refuse_twice([*self._content.data_sources, *present], uid, f"data source {name!r}")
        added = CloudWatchSource(uid=uid, name=title or uid, region=Stack.of(self).region)
        self._render(replace(self._content, cloudwatch_data_sources=(*present, added)))
        role = self._workspace.role
        if role is None:
            self._warn_of_unknown_role(" and ".join(_READ_METRICS))
        elif not present:
            role.add_to_principal_policy(
                iam.PolicyStatement(sid="ReadMetrics", actions=list(_READ_METRICS), resources=["*"])
            )
            record_wildcard(role, actions=_READ_METRICS, resource="*", reason=READ_METRICS)
        return CloudWatchDataSource(uid=uid)

    def add_dashboard(self, dashboard: Dashboard) -> str:
        """Add a dashboard, and return its uid.

        It is uploaded as an asset with the hash of its content as name. Several dashboards as properties of the
        resource would exceed the 256 KiB of the framework's state machine, and make the template hard to review.

        Raises DashboardError for a name that is used already, GrafanaNameError for one that is too long.
        """
        uid = content_uid(self.folder_uid, dashboard.name, what=f"dashboard {dashboard.name!r}")
        _refuse_twice(self._content.dashboards, uid, f"dashboard {dashboard.name!r}")
        with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
            path = Path(folder) / f"{uid}.json"
            path.write_bytes(dashboard.marked(self.mark))
            asset = s3_assets.Asset(self, f"Dashboard-{dashboard.name}", path=str(path))
        self._provider.role.add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[asset.bucket.arn_for_objects(asset.s3_object_key)])
        )
        self._allow_to_decrypt_assets()
        added = DashboardAsset(uid=uid, bucket=asset.s3_bucket_name, key=asset.s3_object_key)
        self._render(replace(self._content, dashboards=(*self._content.dashboards, added)))
        return uid

    def _warn_of_unknown_role(self, what: str) -> None:
        Annotations.of(self).add_warning_v2(
            UNKNOWN_ROLE_WARNING,
            f"the role of the imported workspace is not known: grant it {what}, or import the workspace with its role",
        )

    def _allow_to_decrypt_assets(self) -> None:
        if self._asset_encryption_key is not None and not self._content.dashboards:
            self._asset_encryption_key.grant_decrypt(self._provider.role)

    def _render(self, content: GrafanaContentResource) -> None:
        resource: CfnResource = self._custom_resource.node.default_child  # type: ignore[assignment]
        for name, value in content.to_properties().items():
            if value != self._content.to_properties()[name]:
                resource.add_property_override(name, value)
        self._content = content


def _refuse_twice(present: Sequence[DashboardAsset | DataSource | CloudWatchSource], uid: str, what: str) -> None:
    if any(each.uid == uid for each in present):
        raise DashboardError(f"{what} exists already: choose another name")
