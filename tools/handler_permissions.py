"""Writes the table of the calls that CloudFormation makes for each resource type, from the schemas in cfn-lint.

The schema of a resource type names the permissions of its handlers (CloudFormation, "Resource type schema"). Run this
after an update of cfn-lint, or after adding a type to ``RESOURCE_TYPES``:

    .venv/bin/python tools/handler_permissions.py
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import cfnlint  # type: ignore[import-untyped]

TABLE: Final = (
    Path(__file__).resolve().parents[1] / "constructs" / "cdk_penstock" / "review" / "execution" / "permissions.json"
)
REGION: Final = "us-east-1"
"""The Region whose schemas are read: it has every type."""
HANDLERS: Final = ("create", "read", "update", "delete", "list")
RESOURCE_TYPES: Final = (
    "AWS::APS::ResourcePolicy",
    "AWS::APS::RuleGroupsNamespace",
    "AWS::APS::Workspace",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::Events::Rule",
    "AWS::Grafana::Workspace",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Kinesis::StreamConsumer",
    "AWS::KinesisAnalyticsV2::Application",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::ResourcePolicy",
    "AWS::MSK::Cluster",
    "AWS::MSK::Configuration",
    "AWS::MSK::ServerlessCluster",
    "AWS::MSK::Topic",
    "AWS::OpenSearchService::Domain",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
)
"""The types that the constructs of this library make, and others that an app is likely to have."""


def table() -> dict[str, Any]:
    """Return the permissions of each handler by resource type, with their source and date."""
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    digests = json.loads((schemas / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    return {
        "source": f"the schemas of CloudFormation's resource types, as of cfn-lint {metadata.version('cfn-lint')}",
        "date": json.loads((schemas / "version.json").read_text(encoding="utf-8"))["schema_date"],
        "types": {name: _permissions(schemas / "resources" / f"{digests[name]}.json") for name in RESOURCE_TYPES},
    }


def _permissions(schema_file: Path) -> dict[str, list[str]]:
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    handlers = schema["handlers"]
    found = {name: handlers[name].get("permissions", []) for name in HANDLERS if name in handlers}
    found["tag"] = (schema.get("tagging") or {}).get("permissions", [])
    return {name: sorted(set(actions)) for name, actions in found.items() if actions}


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=1) + "\n", encoding="utf-8")
