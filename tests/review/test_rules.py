from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.review.rules import find_all
from cdk_penstock.review.templates import Template, Templates

if TYPE_CHECKING:
    from pathlib import Path

ON: dict[str, Any] = {
    "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True},
    "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True},
    "FlinkApplicationConfiguration": {"CheckpointConfiguration": {"CheckpointingEnabled": True}},
}


def application(runtime: Any = "FLINK-1_20", **changed: Any) -> dict[str, Any]:
    configuration = {**ON, **changed}
    return {
        "Type": "AWS::KinesisAnalyticsV2::Application",
        "Properties": {"RuntimeEnvironment": runtime, "ApplicationConfiguration": configuration},
    }


def logging() -> dict[str, Any]:
    arn = {"Fn::Join": ["", ["arn:aws:logs:::log-group:", {"Ref": "Group"}, ":log-stream:s"]]}
    return {
        "Option": {
            "Type": "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            "Properties": {"ApplicationName": {"Ref": "App"}, "CloudWatchLoggingOption": {"LogStreamARN": arn}},
        },
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
    }


def found(resources: dict[str, Any], *others: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rules that are broken, with the resources that break them."""
    bodies = [{"Resources": resources}, *others]
    templates = Templates(tuple(Template(f"{number}.json", body) for number, body in enumerate(bodies)))
    return [(finding.rule, finding.resource.logical_id) for finding in find_all(templates)]


def with_app(app: dict[str, Any], **resources: Any) -> dict[str, Any]:
    return {"App": app, **logging(), **resources}


def test_a_production_application_breaks_no_rule() -> None:
    assert found(with_app(application())) == []


@pytest.mark.parametrize("off", [False, "false", "False"])
@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("MSF1", {"FlinkApplicationConfiguration": {"CheckpointConfiguration": {"CheckpointingEnabled": ...}}}),
        ("MSF2", {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": ...}}),
        ("MSF3", {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": ...}}),
    ],
)
def test_checkpoints_snapshots_and_rollback_must_be_on(rule: str, changed: dict[str, Any], off: object) -> None:
    broken = json.loads(json.dumps(changed, default=lambda _: off))
    assert found(with_app(application(**broken))) == [(rule, "App")]


def test_only_rollback_is_off_by_default() -> None:
    silent = application()
    del silent["Properties"]["ApplicationConfiguration"]
    assert found(with_app(silent)) == [("MSF3", "App")]


def test_a_value_that_is_known_only_at_deployment_is_not_judged() -> None:
    unknown = {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": {"Ref": "Parameter"}}}
    assert found(with_app(application({"Ref": "Parameter"}))) == []
    assert found(with_app(application(**unknown))) == []


@pytest.mark.parametrize(("runtime", "broken"), [("FLINK-1_13", True), ("FLINK-1_15", False), ("FLINK-9_9", False)])
def test_a_runtime_must_be_supported(runtime: str, broken: bool) -> None:
    assert found(with_app(application(runtime))) == ([("MSF4", "App")] if broken else [])


def test_studio_and_sql_applications_are_left_out() -> None:
    off = {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": False}}
    assert found({"App": application("ZEPPELIN-FLINK-3_0", **off), "Sql": application("SQL-1_0", **off)}) == []


def test_an_application_must_log() -> None:
    assert found({"App": application()}) == [("MSF5", "App")]


def test_a_log_must_have_retention() -> None:
    resources = with_app(application())
    del resources["Group"]["Properties"]["RetentionInDays"]
    assert found(resources) == [("MSF5", "Group")]


def test_a_log_that_belongs_to_another_stack_is_found_through_its_export() -> None:
    resources = {"App": application(), **logging()}
    group = resources.pop("Group")
    arn = resources["Option"]["Properties"]["CloudWatchLoggingOption"]
    arn["LogStreamARN"] = {"Fn::Join": ["", ["arn:", {"Fn::ImportValue": "logs:Group"}, ":log-stream:s"]]}
    del group["Properties"]["RetentionInDays"]
    other = {
        "Resources": {"Group": group},
        "Outputs": {
            "None": {"Value": "x"},
            "Export": {"Value": {"Ref": "Group"}, "Export": {"Name": "logs:Group"}},
        },
    }
    assert found(resources, other) == [("MSF5", "Group")]
    assert found(resources) == []


SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": False}}


def in_subnet(**subnet: Any) -> dict[str, Any]:
    vpc = [{"SubnetIds": [{"Ref": "Subnet"}, "subnet-imported"], "SecurityGroupIds": []}]
    body = {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": False, **subnet}}
    return with_app(application(VpcConfigurations=vpc), Subnet=body)


def route(target: dict[str, Any]) -> dict[str, Any]:
    return {
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Table": {"Type": "AWS::EC2::RouteTable"},
        "Association": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "Table"}},
        },
        "Route": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "Table"}, **target}},
    }


def test_a_private_subnet_is_accepted() -> None:
    assert found(in_subnet()) == []
    assert found({**in_subnet(), **route({"NatGatewayId": {"Ref": "Nat"}})}) == []


def test_a_subnet_that_hands_out_public_addresses_is_refused() -> None:
    assert found(in_subnet(MapPublicIpOnLaunch=True)) == [("MSF6", "App")]


def test_a_subnet_with_a_route_to_an_internet_gateway_is_refused() -> None:
    assert found({**in_subnet(), **route({"GatewayId": {"Ref": "Gateway"}})}) == [("MSF6", "App")]


def statement(**changed: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **changed}


@pytest.mark.parametrize("kind", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"])
def test_each_action_on_a_wildcard_is_a_separate_finding(kind: str) -> None:
    document = {"Statement": [statement(Action=["s3:GetObject", "s3:PutObject"]), statement(Resource="arn:aws:s3:::b")]}
    properties = {"Policies": [{"PolicyDocument": document}]} if kind.endswith("Role") else {"PolicyDocument": document}
    assert found({"Policy": {"Type": kind, "Properties": properties}}) == [
        ("MSF7[s3:GetObject@arn:aws:s3:::b/*]", "Policy"),
        ("MSF7[s3:PutObject@arn:aws:s3:::b/*]", "Policy"),
    ]


def test_a_denied_wildcard_and_a_policy_without_resources_are_not_findings() -> None:
    document = {"Statement": statement(Effect="Deny")}
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}
    assert found({"Policy": policy, "Role": {"Type": "AWS::IAM::Role"}}) == []
    document["Statement"] = {"Effect": "Allow", "NotAction": "s3:*"}
    assert found({"Policy": policy}) == []


def test_templates_are_read_from_their_files(tmp_path: Path) -> None:
    path = tmp_path / "a.template.json"
    path.write_text(json.dumps({"Resources": {"App": application()}}))
    assert [finding.rule for finding in find_all(Templates((Template.read(str(path)),)))] == ["MSF5"]


def with_properties(entries: Any) -> dict[str, Any]:
    groups = [{"PropertyGroupId": "db", "PropertyMap": entries}]
    return with_app(application(EnvironmentProperties={"PropertyGroups": groups}))


def test_a_secret_in_a_property_group_is_found() -> None:
    assert found(with_properties({"db.password": "Sup3rSecret!pw", "topic": "clicks"})) == [("MSF9", "App")]
    assert found(with_properties({"key": "AKIA" + "ABCDEFGHIJKLMNOP"})) == [("MSF9", "App")]
    assert found(with_properties({"db.password.secret.name": "prod/db"})) == []
    assert found(with_properties({"db.password": {"Ref": "Parameter"}})) == []
