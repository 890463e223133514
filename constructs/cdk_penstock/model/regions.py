"""Differences between Regions: the services that exist there, and the names under which KMS knows them."""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.errors import PenstockError

_CHINA: Final = "cn-"
_PARTITIONS: Final = {_CHINA: "aws-cn", "us-gov-": "aws-us-gov"}

WITHOUT_SERVICE: Final[dict[str, frozenset[str]]] = {
    "AWS::APS::Workspace": frozenset({"cn-north-1", "cn-northwest-1"}),
    "AWS::Grafana::Workspace": frozenset(
        {
            *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-3"),
            *("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1"),
            *("cn-north-1", "cn-northwest-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-3"),
            *("il-central-1", "me-central-1", "mx-central-1", "sa-east-1", "us-gov-east-1", "us-gov-west-1"),
            "us-west-1",
        }
    ),
    "AWS::MSK::ServerlessCluster": frozenset({"me-central-1", "us-gov-east-1", "us-gov-west-1", "us-west-1"}),
}
"""The Regions of AWS, AWS in China and AWS GovCloud (US) in which CloudFormation lacks this type of resource.

Source: CloudFormation's resource provider schemas by Region, as cfn-lint 1.58 has them; a test compares the two. All of
these Regions have the other types that penstock creates.
"""


_INSTEAD: Final = {
    "AWS::APS::Workspace": "choose a Region that has it, or write the job's metrics elsewhere",
    "AWS::Grafana::Workspace": "leave it out (dashboards = false in an environment's [metrics]), and show the metrics"
    " in a Grafana elsewhere",
    "AWS::MSK::ServerlessCluster": "use a ProvisionedKafkaCluster",
}


def partition_of(region: str) -> str:
    """Return the partition that a Region is in."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def check_service(resource_type: str, region: str) -> None:
    """Raise PenstockError if the Region lacks this type of resource; a Region that the table does not know has all."""
    if region in WITHOUT_SERVICE[resource_type]:
        raise PenstockError(f"{region} has no {resource_type}, so its deployment would fail: {_INSTEAD[resource_type]}")


def via_service_names(service: str, region: str) -> tuple[str, ...]:
    """Return the names under which KMS knows requests of a service (KMS, ``kms:ViaService``).

    AWS documents ``SERVICE.REGION.amazonaws.com``, and no other name for China, where endpoints end with ``.cn``. So
    both are used there. Only KMS sets the value, so the second name lets nobody else in. A Region that only the
    deployment knows counts as one outside China.
    """
    name = f"{service}.{region}.amazonaws.com"
    return (name, f"{name}.cn") if region.startswith(_CHINA) else (name,)


def via_service(service: str, region: str) -> dict[str, str | list[str]]:
    """Return the condition that a request comes through a service, for ``StringEquals``."""
    names = via_service_names(service, region)
    return {"kms:ViaService": names[0] if len(names) == 1 else list(names)}
