"""The VPC that applications run in, and the endpoints through which they reach AWS services."""

from __future__ import annotations

from cdk_penstock.model.addresses import AddressPlanError
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.aws_services import AwsService, AwsServiceError
from cdk_penstock.network.application_vpc import ApplicationVpc
from cdk_penstock.network.application_vpc_base import ApplicationVpcBase, IApplicationVpc
from cdk_penstock.network.errors import NetworkError

__all__ = (
    "AddressPlanError",
    "ApplicationVpc",
    "ApplicationVpcBase",
    "AwsService",
    "AwsServiceError",
    "IApplicationVpc",
    "NetworkError",
)

check_arguments(globals())
