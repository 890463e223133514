"""Writes two tables about CloudFormation's resource types, from the schemas in cfn-lint.

The schema of a resource type names the permissions of its handlers (CloudFormation, "Resource type schema"): the calls
that CloudFormation makes, for ``RESOURCE_TYPES``. It also names the properties whose change replaces a resource, the
identifier, and what only AWS sets: for all types, which the rehearsal needs. Run this after an update of cfn-lint, or
after adding a type to ``RESOURCE_TYPES``:

    .venv/bin/python tools/resource_schemas.py
"""

from __future__ import annotations

import gzip
import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import cfnlint  # type: ignore[import-untyped]

_LIBRARY: Final = Path(__file__).resolve().parents[1] / "constructs" / "cdk_penstock"
PERMISSIONS: Final = _LIBRARY / "review" / "execution" / "permissions.json"
TYPES: Final = _LIBRARY / "rehearsal" / "template" / "resource_types.json.gz"
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
    "AWS::Logs::QueryDefinition",
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
"""The types of the first table: those that the constructs of this library make, and others that apps often have."""


_SCHEMAS: Final = Path(cfnlint.__file__).parent / "data" / "schemas"
_PARTS: Final = {
    "create_only": "createOnlyProperties",
    "conditional_create_only": "conditionalCreateOnlyProperties",
    "primary_identifier": "primaryIdentifier",
    "read_only": "readOnlyProperties",
    "required": "required",
}
"""Parts of a type in the second table, by their names in its schema."""


def permissions_table() -> dict[str, Any]:
    """Return the permissions of each handler by resource type, with their source and date."""
    digests = _digests()
    return _with_source({name: _permissions(_schema(digests[name])) for name in RESOURCE_TYPES})


def types_table() -> dict[str, Any]:
    """Return what the rehearsal needs of every resource type, with source and date."""
    return _with_source({name: _parts(_schema(digest)) for name, digest in sorted(_digests().items())})


def write_types(table: dict[str, Any]) -> None:
    """Write the table of all types, compressed; the same table has the same bytes."""
    content = json.dumps(table, separators=(",", ":")).encode()
    TYPES.write_bytes(gzip.compress(content, mtime=0))


def _with_source(types: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": f"the schemas of CloudFormation's resource types, as of cfn-lint {metadata.version('cfn-lint')}",
        "date": json.loads((_SCHEMAS / "version.json").read_text(encoding="utf-8"))["schema_date"],
        "types": types,
    }


def _digests() -> dict[str, str]:
    return dict(json.loads((_SCHEMAS / "providers" / f"{REGION}.json").read_text(encoding="utf-8")))


def _schema(digest: str) -> dict[str, Any]:
    return dict(json.loads((_SCHEMAS / "resources" / f"{digest}.json").read_text(encoding="utf-8")))


def _parts(schema: dict[str, Any]) -> dict[str, list[str]]:
    found = {name: schema.get(part) for name, part in _PARTS.items()}
    return {name: [path.removeprefix("/properties/") for path in paths] for name, paths in found.items() if paths}


def _permissions(schema: dict[str, Any]) -> dict[str, list[str]]:
    handlers = schema["handlers"]
    found = {name: handlers[name].get("permissions", []) for name in HANDLERS if name in handlers}
    found["tag"] = (schema.get("tagging") or {}).get("permissions", [])
    return {name: sorted(set(actions)) for name, actions in found.items() if actions}


if __name__ == "__main__":
    PERMISSIONS.write_text(json.dumps(permissions_table(), indent=1) + "\n", encoding="utf-8")
    write_types(types_table())
