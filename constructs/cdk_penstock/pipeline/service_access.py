"""Access of an application to an AWS service through the VPC that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.model.aws_services import AwsService
    from cdk_penstock.network import IApplicationVpc


def reach_service(application: FlinkApplication, network: IApplicationVpc | None, service: AwsService) -> None:
    """Add the service's endpoint to the network, if there is one, and keep it while the job runs."""
    if network is not None:
        application.add_run_dependency(network.add_endpoint(service))
