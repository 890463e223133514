"""Monthly cost of all resources of templates; a resource without a price is named, never counted as zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.cost.estimate import Estimate, NotEstimated
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.review.condition_variants import variants
from cdk_penstock.review.cost.readers import READERS, EstimateInputs
from cdk_penstock.review.templates import SHAPE_ERRORS

if TYPE_CHECKING:
    from cdk_penstock.model.cost.estimate import CostLine
    from cdk_penstock.model.cost.prices import Prices
    from cdk_penstock.model.cost.usage import Usage
    from cdk_penstock.review.templates import Templates

_FREE: Final = frozenset(
    {
        "AWS::APS::ResourcePolicy",
        "AWS::APS::RuleGroupsNamespace",
        "AWS::CDK::Metadata",
        "AWS::EC2::EIPAssociation",
        "AWS::EC2::FlowLog",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::Events::Rule",
        "AWS::Kinesis::ResourcePolicy",
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        "AWS::KMS::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogStream",
        "AWS::Logs::QueryDefinition",
        "AWS::Logs::ResourcePolicy",
        "AWS::MSK::ClusterPolicy",
        "AWS::MSK::Configuration",
        "AWS::MSK::Topic",
        "AWS::S3::BucketPolicy",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
"""Types without a price; flow logs and topics are paid for with their log group and their cluster."""

_FREE_KINDS: Final = ("AWS::ApplicationAutoScaling::", "AWS::CloudFormation::CustomResource", "AWS::IAM::", "Custom::")

_BY_USE: Final = {
    "AWS::CloudFormation::Stack": "its resources are in a separate template, which is not read",
    "AWS::DynamoDB::Table": "paid for by requests and stored data",
    "AWS::Lambda::Function": "paid for by calls and their duration; functions that only serve deployments cost cents",
    "AWS::SNS::Topic": "paid for by messages",
    "AWS::SQS::Queue": "paid for by requests",
    "AWS::SSM::Parameter": "free in the standard tier, not in the advanced one",
    "AWS::StepFunctions::StateMachine": "paid for by state transitions",
}


def estimate_templates(templates: Templates, *, usage: Usage, prices: Prices) -> Estimate:
    """Return the monthly cost of the resources of the templates, for this usage and at these prices.

    If a cost depends on the templates' conditions, it is the cost of their most expensive choice.
    """
    estimates = [_estimate(chosen, usage, prices) for chosen in variants(templates)]
    return max(estimates, key=lambda estimate: estimate.total_usd)


def _estimate(templates: Templates, usage: Usage, prices: Prices) -> Estimate:
    inputs = EstimateInputs(templates=templates, usage=usage, prices=prices)
    lines: list[CostLine] = []
    not_estimated: list[NotEstimated] = []
    for resource in templates.resources():
        if resource.type in _FREE or resource.type.startswith(_FREE_KINDS):
            continue
        reason = _BY_USE.get(resource.type, "the type is not in the price table")
        reader = READERS.get(resource.type)
        if reader is not None:
            try:
                lines += reader(resource, inputs)
            except PenstockError as error:
                reason = str(error)
            except SHAPE_ERRORS:
                reason = "its properties have a form that the estimate does not know"
            else:
                continue
        not_estimated.append(NotEstimated(resource=resource.name, type=resource.type, reason=reason))
    return Estimate(lines=tuple(lines), not_estimated=tuple(not_estimated))
