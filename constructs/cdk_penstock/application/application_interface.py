"""The interface of every application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Unpack

from constructs import IConstruct

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam

    from cdk_penstock.foundation.metric_options import MetricOptions
    from cdk_penstock.model.runtimes import FlinkRuntime


class IFlinkApplication(IConstruct, Protocol):
    """An application on MSF, created in this app or elsewhere."""

    @property
    def application_name(self) -> str:
        """The physical name."""

    @property
    def application_arn(self) -> str:
        """The Amazon Resource Name."""

    @property
    def runtime(self) -> FlinkRuntime:
        """The Flink runtime, which decides on metrics and capabilities."""

    @property
    def execution_role(self) -> iam.IRole | None:
        """The role that the job runs as, None where it is not known."""

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The principal that gets what the application is granted: the execution role."""

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the job."""

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow the grantee these actions on this application only."""

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return one of the application's metrics."""
