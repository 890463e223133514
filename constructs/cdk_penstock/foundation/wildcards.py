"""Reasons for wildcard resources in IAM policies that no narrower statement can replace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Acknowledgment, Stack, Validations

from cdk_penstock.model.findings import nag_wildcard_id, wildcard_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

DESCRIBE_LOG_GROUPS: Final = (
    "logs:DescribeLogGroups has no resource types (service authorization reference, Amazon CloudWatch Logs)"
)
DEPLOYED_CODE: Final = (
    "code that penstock app deploy uploads has its hash in its name, which nobody knows before; the name begins with"
    " the application's"
)
OWN_LOG_GROUP: Final = (
    "in IAM the ARN of a log group ends with ':*' (CloudWatch Logs, iam-access-control-overview-cwl); this one is the"
    " application's"
)
PUT_METRIC_DATA: Final = (
    "cloudwatch:PutMetricData has no resource types; the condition cloudwatch:namespace limits it to MSF's namespace"
)
READ_METRICS: Final = (
    "cloudwatch:GetMetricData and cloudwatch:ListMetrics have no resource types (service authorization reference,"
    " Amazon CloudWatch); they read values of metrics, and no logs"
)
DESCRIBE_NETWORK: Final = (
    "these ec2:Describe actions have no resource types (service authorization reference, Amazon EC2)"
)
NETWORK_INTERFACES: Final = (
    "MSF names network interfaces when it creates them; the condition ec2:Subnet limits the statement to those in the"
    " application's subnets"
)


def record_wildcard(construct: IConstruct, *, actions: Sequence[str], resource: str, reason: str) -> None:
    """Acknowledge a wildcard resource in the construct's policy, for cdk-nag and for penstock's own checks."""
    # Hundreds of calls of the CDK for a literal "*" would slow synthesis down.
    rendered = Stack.of(construct).resolve(resource) if "${" in resource else resource
    ids = [nag_wildcard_id(rendered), *(f"penstock::{wildcard_id(action, rendered)}" for action in actions)]
    Validations.of(construct).acknowledge(*(Acknowledgment(id=each, reason=reason) for each in ids))
