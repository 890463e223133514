"""Interface and base class of metrics workspaces: URLs, grants and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from cdk_penstock.foundation.elsewhere import is_of_other_region, warn_of_other_account
from cdk_penstock.foundation.metric_options import MetricOptions, build_metric, with_defaults
from cdk_penstock.observability.errors import MetricsWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROPERTY_GROUP: Final = "output.prometheus"
"""The property group of the bundled job's sink (docs/job.md)."""

_WRITE_ACTIONS: Final = ("aps:RemoteWrite",)
_QUERY_ACTIONS: Final = ("aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics")


class IMetricsWorkspace(IConstruct, Protocol):
    """A workspace of Managed Service for Prometheus (AMP), created in this app or elsewhere."""

    @property
    def workspace_id(self) -> str:
        """The id, ``ws-`` and a UUID."""

    @property
    def workspace_arn(self) -> str:
        """The Amazon Resource Name."""

    @property
    def region(self) -> str:
        """The Region, for which requests are signed."""

    @property
    def remote_write_url(self) -> str:
        """The URL for samples."""

    @property
    def query_url(self) -> str:
        """The URL for PromQL."""

    @property
    def data_source_url(self) -> str:
        """The server URL for a Prometheus client, such as a Grafana data source."""

    def grant_remote_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to send samples to this workspace."""

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to query this workspace."""

    def property_groups(self) -> dict[str, dict[str, str]]:
        """Return the property group with which a job writes to this workspace."""


class MetricsWorkspaceBase(Construct):
    """The common part of workspaces: it needs only the ARN."""

    _workspace_id: str
    _workspace_arn: str
    _region: str
    _account: str

    @property
    def workspace_id(self) -> str:
        """The id, ``ws-`` and a UUID."""
        return self._workspace_id

    @property
    def workspace_arn(self) -> str:
        """The Amazon Resource Name."""
        return self._workspace_arn

    @property
    def region(self) -> str:
        """The Region, for which requests are signed."""
        return self._region

    @property
    def data_source_url(self) -> str:
        """The server URL for a Prometheus client, such as a Grafana data source."""
        return f"https://aps-workspaces.{self.region}.{Stack.of(self).url_suffix}/workspaces/{self.workspace_id}"

    @property
    def remote_write_url(self) -> str:
        """The URL for samples; requests are signed for the service ``aps``."""
        return f"{self.data_source_url}/api/v1/remote_write"

    @property
    def query_url(self) -> str:
        """The URL for PromQL; requests are signed for the service ``aps``."""
        return f"{self.data_source_url}/api/v1/query"

    def property_groups(self) -> dict[str, dict[str, str]]:
        """Return the property group with which the bundled job, or one with the same sink, writes to this workspace.

        Pass each item to ``application.add_property_group(*item)``, or all as ``property_groups``; the job also needs
        ``grant_remote_write``.
        """
        return {
            PROPERTY_GROUP: {
                "remote.write.url": self.remote_write_url,
                "request.signer": "amp",
                "region": self.region,
            }
        }

    def grant_remote_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to send samples to this workspace, and nothing else."""
        return self._grant(grantee, _WRITE_ACTIONS)

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to query this workspace: metrics, series, labels and metadata."""
        return self._grant(grantee, _QUERY_ACTIONS)

    def add_vpc_endpoint(
        self,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> ec2.InterfaceVpcEndpoint:
        """Add an interface endpoint to a VPC that allows to write and query only this workspace.

        A VPC can have one such endpoint with private DNS: for several workspaces, extend the policy of that endpoint.
        Raises MetricsWorkspaceError for a workspace of another Region, which an endpoint does not reach.
        """
        if is_of_other_region(self, self.region):
            raise MetricsWorkspaceError(
                f"an endpoint reaches only workspaces of its Region, got one in {self.region} and a VPC in"
                f" {Stack.of(self).region}: use a workspace of {Stack.of(self).region}, or a NAT gateway"
            )
        endpoint = ec2.InterfaceVpcEndpoint(
            self,
            construct_id,
            vpc=vpc,
            subnets=vpc_subnets,
            security_groups=security_groups,
            service=ec2.InterfaceVpcEndpointAwsService.PROMETHEUS_WORKSPACES,
            private_dns_enabled=True,
        )
        endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="ThisWorkspaceOnly",
                principals=[iam.AnyPrincipal()],
                actions=[*_WRITE_ACTIONS, *_QUERY_ACTIONS],
                resources=[self.workspace_arn],
            )
        )
        return endpoint

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this workspace in ``AWS/Prometheus``; by default its average over five minutes."""
        return self._metric("AWS/Prometheus", name, {"Workspace": self.workspace_id}, options)

    def metric_usage(self, resource: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the usage of a quota, such as ``ActiveSeries`` (AMP, CloudWatch usage metrics)."""
        dimensions = {
            "Class": "None",
            "Resource": resource,
            "ResourceId": self.workspace_id,
            "Service": "Prometheus",
            "Type": "Resource",
        }
        return self._metric("AWS/Usage", "ResourceCount", dimensions, with_defaults(options, statistic="Maximum"))

    def metric_active_series(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Series that got a sample in the last two hours."""
        return self.metric_usage("ActiveSeries", **options)

    def metric_ingestion_rate(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Samples received per second."""
        return self.metric_usage("IngestionRate", **options)

    def metric_rule_evaluation_failures(
        self, *, namespace: str, group: str, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Recording and alert rules of one group that could not be evaluated.

        CloudWatch has no metric for all groups together (AMP, AMP-CW-usage-metrics).

        Parameters
        ----------
        namespace
            The rule namespace, as in ``rules`` and ``add_rules``.
        group
            The group's name in the rule file.
        """
        dimensions = {"RuleGroup": f"{namespace};{group}"}
        return self.metric("RuleEvaluationFailures", **with_defaults(options, statistic="Sum", dimensions=dimensions))

    def _metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], options: MetricOptions
    ) -> cloudwatch.Metric:
        # Metrics are in the Region of the workspace.
        region = self.region if is_of_other_region(self, self.region) else None
        return build_metric(self, namespace, name, dimensions=dimensions, options=options, region=region)

    def _grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        warn_of_other_account(
            self,
            grantee,
            account=self._account,
            policy="its resource policy (aps:PutResourcePolicy), and a grant on its key if it has one,",
            actions=actions,
            resources=[self.workspace_arn],
        )
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.workspace_arn])
