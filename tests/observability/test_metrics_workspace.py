from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from cdk_penstock.checks import add_checks
from cdk_penstock.observability import IMetricsWorkspace, LabelSetLimit, MetricsWorkspace, MetricsWorkspaceError
from cdk_penstock.observability.metrics_workspace_base import MetricsWorkspaceBase
from tests.observability.conftest import flatten

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.observability.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]

WORKSPACE = "AWS::APS::Workspace"
RULES = "AWS::APS::RuleGroupsNamespace"
RULE_TEXT = "groups:\n  - name: fleet\n    rules:\n      - record: vehicles\n        expr: sum(vehicles_in_motion)\n"
ALERT_MANAGER_TEXT = "alertmanager_config: |\n  route:\n    receiver: default\n  receivers:\n    - name: default\n"
CREATE_ONLY = {"KmsKeyArn"}


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


@pytest.fixture(scope="module")
def defaults(synthesize: Synthesize) -> Synthesized:
    return synthesize(lambda stack: MetricsWorkspace(stack, "Metrics", workspace_alias="fleet"))


def everything(stack: Stack, folder: Path) -> None:
    (folder / "alerts.yaml").write_text(RULE_TEXT)
    (folder / "manager.yaml").write_text(ALERT_MANAGER_TEXT)
    workspace = MetricsWorkspace(
        stack,
        "Metrics",
        workspace_alias="fleet",
        encryption_key=kms.Key(stack, "Key"),
        retention_days=1095,
        out_of_order_time_window=Duration.seconds(30),
        rule_query_offset=Duration.minutes(1),
        limits=[
            LabelSetLimit(labels={"team": "fleet", "env": "prod"}, max_series=1000),
            LabelSetLimit(labels={}, max_series=0),
        ],
        rules={"recording": RULE_TEXT, "alerts": folder / "alerts.yaml"},
        alert_manager=folder / "manager.yaml",
        query_log_threshold_samples=0,
        log_retention=logs.RetentionDays.ONE_YEAR,
        log_encryption_key=kms.Key(stack, "LogKey"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    workspace.add_vpc_endpoint("Endpoint", vpc=ec2.Vpc(stack, "Vpc"))


@pytest.fixture(scope="module")
def everything_on(synthesize: Synthesize, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(lambda stack: everything(stack, tmp_path_factory.mktemp("rules")))


def test_defaults_are_those_of_production(defaults: Synthesized) -> None:
    (log, query_log) = (f"<{name}.Arn>" for name in defaults.template.find_resources("AWS::Logs::LogGroup"))
    assert defaults.properties(WORKSPACE) == {
        "Alias": "fleet",
        "LoggingConfiguration": {"LogGroupArn": log},
        "QueryLoggingConfiguration": {
            "Destinations": [{"CloudWatchLogs": {"LogGroupArn": query_log}, "Filters": {"QspThreshold": 1_000_000}}]
        },
        "WorkspaceConfiguration": {"RetentionPeriodInDays": 150, "OutOfOrderTimeWindowInSeconds": 600},
    }


@pytest.mark.parametrize("resource_type", [WORKSPACE, "AWS::Logs::LogGroup", "AWS::KMS::Key"])
def test_what_holds_data_is_retained(defaults: Synthesized, resource_type: str) -> None:
    for resource in defaults.template.find_resources(resource_type).values():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_logs_are_encrypted_have_retention_and_aws_prefix_for_vended_logs(defaults: Synthesized) -> None:
    groups = [each["Properties"] for each in defaults.template.find_resources("AWS::Logs::LogGroup").values()]
    names = [group["LogGroupName"] for group in groups]
    assert names == ["/aws/vendedlogs/prometheus/fleet", "/aws/vendedlogs/prometheus/fleet/queries"]
    assert all(group["RetentionInDays"] == 30 and "KmsKeyId" in group for group in groups)
    keys = defaults.template.find_resources("AWS::KMS::Key").values()
    assert len(keys) == len(names)
    for key in keys:
        (statement,) = [s for s in key["Properties"]["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]
        assert statement["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
        (arn,) = flatten(statement["Condition"])["ArnLike"].values()
        assert arn == "arn:<AWS::Partition>:logs:eu-central-1:111122223333:log-group:/aws/vendedlogs/prometheus/*"
        assert key["Properties"]["EnableKeyRotation"] is True


def allowed_log_groups(synthesized: Synthesized) -> list[str]:
    found = [
        flatten(statement["Condition"])["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        for key in synthesized.template.find_resources("AWS::KMS::Key").values()
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        if "Service" in statement["Principal"]
    ]
    return [str(arn).partition(":log-group:")[2] for arn in found]


@pytest.mark.parametrize("is_own", [True, False])
def test_a_rename_leaves_the_retained_old_log_readable(synthesize: Synthesize, is_own: bool) -> None:
    def build(stack: Stack, alias: str) -> MetricsWorkspace:
        key = None if is_own else kms.Key(stack, "Key")
        return MetricsWorkspace(stack, "Metrics", workspace_alias=alias, log_encryption_key=key)

    old = synthesize(lambda stack: build(stack, "fleet"))
    groups = old.template.find_resources("AWS::Logs::LogGroup").values()
    names = [each["Properties"]["LogGroupName"] for each in groups]
    allowed = allowed_log_groups(synthesize(lambda stack: build(stack, "vehicles")))
    assert len(allowed) == len(names) == 2
    assert all(fnmatchcase(name, pattern) for name, pattern in zip(names, allowed, strict=True))


def test_everything_on(everything_on: Synthesized) -> None:
    workspace = everything_on.properties(WORKSPACE)
    assert workspace["AlertManagerDefinition"] == ALERT_MANAGER_TEXT
    assert workspace["WorkspaceConfiguration"] == {
        "RetentionPeriodInDays": 1095,
        "OutOfOrderTimeWindowInSeconds": 30,
        "RuleQueryOffsetInSeconds": 60,
        "LimitsPerLabelSets": [
            {
                "LabelSet": [{"Name": "team", "Value": "fleet"}, {"Name": "env", "Value": "prod"}],
                "Limits": {"MaxSeries": 1000},
            },
            {"LabelSet": [], "Limits": {"MaxSeries": 0}},
        ],
    }
    (destination,) = workspace["QueryLoggingConfiguration"]["Destinations"]
    assert destination["Filters"] == {"QspThreshold": 0}
    rules = [flatten(each["Properties"]) for each in everything_on.template.find_resources(RULES).values()]
    (workspace_id,) = everything_on.template.find_resources(WORKSPACE)
    assert rules == [
        {"Name": name, "Data": RULE_TEXT, "Workspace": f"<{workspace_id}.Arn>"} for name in ("recording", "alerts")
    ]
    assert everything_on.template.find_resources("AWS::KMS::Key").keys() == {
        each for each in everything_on.template.find_resources("AWS::KMS::Key") if not each.startswith("Metrics")
    }
    assert all("DeletionPolicy" in each for each in everything_on.template.find_resources(RULES).values())


def test_the_endpoint_lets_through_what_is_for_this_workspace_only(everything_on: Synthesized) -> None:
    endpoint = everything_on.properties("AWS::EC2::VPCEndpoint")
    (workspace_id,) = everything_on.template.find_resources(WORKSPACE)
    assert endpoint["ServiceName"] == "com.amazonaws.eu-central-1.aps-workspaces"
    assert endpoint["PrivateDnsEnabled"] is True
    (statement,) = endpoint["PolicyDocument"]["Statement"]
    assert statement["Resource"] == f"<{workspace_id}.Arn>"
    assert sorted(statement["Action"]) == [
        "aps:GetLabels",
        "aps:GetMetricMetadata",
        "aps:GetSeries",
        "aps:QueryMetrics",
        "aps:RemoteWrite",
    ]


def test_a_query_log_may_be_left_out(synthesize: Synthesize) -> None:
    result = synthesize(
        lambda stack: MetricsWorkspace(stack, "M", workspace_alias="fleet", query_log_threshold_samples=None)
    )
    assert "QueryLoggingConfiguration" not in result.properties(WORKSPACE)
    result.template.resource_count_is("AWS::Logs::LogGroup", 1)


def granted(synthesize: Synthesize, grant: Callable[[IMetricsWorkspace, iam.Role], object]) -> list[Any]:
    def build(stack: Stack) -> None:
        workspace = MetricsWorkspace.from_workspace_id(stack, "M", "ws-1")
        grant(workspace, iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()))

    return synthesize(build).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]


ARN = "arn:<AWS::Partition>:aps:eu-central-1:111122223333:workspace/ws-1"


def test_a_writer_may_write_to_this_workspace_and_nothing_else(synthesize: Synthesize) -> None:
    statements = granted(synthesize, lambda workspace, role: workspace.grant_remote_write(role))
    assert statements == [{"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": ARN}]


def test_a_reader_may_query_this_workspace_and_not_write(synthesize: Synthesize) -> None:
    (statement,) = granted(synthesize, lambda workspace, role: workspace.grant_query(role))
    assert statement["Resource"] == ARN
    assert statement["Action"] == ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]


def test_addresses_and_the_jobs_property_group(synthesize: Synthesize) -> None:
    seen: dict[str, Any] = {}

    def build(stack: Stack) -> None:
        workspace = MetricsWorkspace(stack, "Metrics", workspace_alias="fleet")
        seen.update(
            stack.resolve({"query": workspace.query_url, "source": workspace.data_source_url})
            | stack.resolve(workspace.property_groups())
        )

    (workspace_id,) = synthesize(build).template.find_resources(WORKSPACE)
    base = f"https://aps-workspaces.eu-central-1.<AWS::URLSuffix>/workspaces/<{workspace_id}.WorkspaceId>"
    assert flatten(seen) == {
        "source": base,
        "query": f"{base}/api/v1/query",
        "output.prometheus": {
            "remote.write.url": f"{base}/api/v1/remote_write",
            "request.signer": "amp",
            "region": "eu-central-1",
        },
    }


def test_an_imported_workspace_of_another_region_keeps_its_region(stack: Stack) -> None:
    arn = "arn:aws:aps:eu-west-1:111122223333:workspace/ws-2"
    workspace = MetricsWorkspace.from_workspace_arn(stack, "M", arn)
    assert (workspace.workspace_arn, workspace.workspace_id, workspace.region) == (arn, "ws-2", "eu-west-1")
    assert "aps-workspaces.eu-west-1." in workspace.remote_write_url


def test_an_arn_of_something_else_is_refused(stack: Stack) -> None:
    with pytest.raises(MetricsWorkspaceError, match="expected the ARN of a workspace"):
        MetricsWorkspace.from_workspace_arn(stack, "M", "arn:aws:aps:eu-west-1:111122223333:workspace")


def test_metrics_name_the_workspace(stack: Stack) -> None:
    workspace = MetricsWorkspace(stack, "Metrics", workspace_alias="fleet")
    failures = workspace.metric_rule_evaluation_failures(
        namespace="recording", group="fleet", period=Duration.minutes(1), label="rules"
    )
    assert (failures.namespace, failures.metric_name, failures.statistic) == (
        "AWS/Prometheus",
        "RuleEvaluationFailures",
        "Sum",
    )
    assert stack.resolve(failures.dimensions) == {
        "Workspace": stack.resolve(workspace.workspace_id),
        "RuleGroup": "recording;fleet",
    }
    for metric, resource in (
        (workspace.metric_active_series(), "ActiveSeries"),
        (workspace.metric_ingestion_rate(statistic="Average"), "IngestionRate"),
    ):
        assert (metric.namespace, metric.metric_name) == ("AWS/Usage", "ResourceCount")
        assert stack.resolve(metric.dimensions) == {
            "Class": "None",
            "Resource": resource,
            "ResourceId": stack.resolve(workspace.workspace_id),
            "Service": "Prometheus",
            "Type": "Resource",
        }
    assert workspace.metric_ingestion_rate(statistic="Average").statistic == "Average"


def test_metrics_of_a_workspace_of_another_region_are_read_there(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        far = MetricsWorkspace.from_workspace_arn(stack, "Far", "arn:aws:aps:eu-west-1:111122223333:workspace/ws-2")
        near = MetricsWorkspace.from_workspace_id(stack, "Near", "ws-1")
        assert isinstance(far, MetricsWorkspaceBase)
        assert isinstance(near, MetricsWorkspaceBase)
        metrics = [each for workspace in (far, near) for each in (workspace.metric("A"), workspace.metric_usage("B"))]
        cloudwatch.Dashboard(stack, "Dashboard", widgets=[[cloudwatch.GraphWidget(left=metrics)]])

    body = synthesize(build).properties("AWS::CloudWatch::Dashboard")["DashboardBody"]
    (widget,) = json.loads(body)["widgets"]
    last = [metric[-1] for metric in widget["properties"]["metrics"]]
    regions = [options.get("region") if isinstance(options, dict) else None for options in last]
    assert regions == ["eu-west-1", "eu-west-1", None, None]


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"retention_days": 0}, "retention_days must be a whole number from 1 to 1095, got 0"),
        ({"retention_days": 1096}, "got 1096"),
        ({"out_of_order_time_window": Duration.minutes(11)}, "from 0 to 600, got 660"),
        ({"rule_query_offset": Duration.days(2)}, "from 0 to 86400, got 172800"),
        ({"query_log_threshold_samples": -1}, "query_log_threshold_samples must be 0 or more"),
        ({"workspace_alias": "fleet prod"}, "workspace_alias must be 1 to 100 letters"),
        ({"workspace_alias": ""}, "workspace_alias must be 1 to 100 letters"),
        ({"rules": {"": RULE_TEXT}}, "a rule namespace has 1 to 64 characters"),
        ({"rules": {"r": "alertmanager_config: |\n"}}, "a rule file must have 'groups:' at its top level"),
        ({"rules": {"r": "groups:\n\t- name: x\n"}}, "indented with tabs"),
        ({"rules": {"r": "groups:\n" + "#" * 1024 * 1024}}, "must be at most 1048576 bytes"),
        ({"alert_manager": RULE_TEXT}, "an alert manager definition must have 'alertmanager_config: |'"),
    ],
)
def test_fails_for_what_the_service_would_refuse(stack: Stack, properties: dict[str, Any], problem: str) -> None:
    with pytest.raises(MetricsWorkspaceError, match=problem.replace("|", r"\|")):
        MetricsWorkspace(stack, "Metrics", **({"workspace_alias": "fleet"} | properties))


def test_fails_for_a_file_and_names_it(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(MetricsWorkspaceError, match=r"a rule file \(.*empty.yaml\) must have"):
        MetricsWorkspace(stack, "Metrics", workspace_alias="fleet", rules={"r": tmp_path / "empty.yaml"})


@pytest.mark.parametrize(("labels", "most"), [({"a-b": "c"}, 1), ({"a": ""}, 1), ({"a": "b"}, -1)])
def test_fails_for_a_limit_that_makes_no_sense(labels: dict[str, str], most: int) -> None:
    with pytest.raises(MetricsWorkspaceError):
        LabelSetLimit(labels=labels, max_series=most)


def test_fails_for_two_limits_of_one_set_of_labels(stack: Stack) -> None:
    limits = [LabelSetLimit(labels={"a": "b", "c": "d"}, max_series=1), LabelSetLimit(labels={"c": "d", "a": "b"}, max_series=2)]  # fmt: skip # noqa: E501
    with pytest.raises(MetricsWorkspaceError, match="one limit for each set of labels"):
        MetricsWorkspace(stack, "Metrics", workspace_alias="fleet", limits=limits)


def test_fails_for_a_number_that_is_known_only_at_deployment(stack: Stack) -> None:
    token = Token.as_number({"Ref": "Parameter"})
    with pytest.raises(MetricsWorkspaceError, match="retention_days must be known at synthesis"):
        MetricsWorkspace(stack, "Metrics", workspace_alias="fleet", retention_days=int(token))


def test_text_that_is_known_only_at_deployment_is_not_judged(stack: Stack) -> None:
    token = Token.as_string({"Ref": "Parameter"})
    workspace = MetricsWorkspace(stack, "Metrics", workspace_alias=token, rules={"r": token})
    assert stack.resolve(workspace.workspace_alias) == {"Ref": "Parameter"}


def test_only_the_key_could_replace_the_workspace_and_that_is_said(
    defaults: Synthesized, everything_on: Synthesized
) -> None:
    """A rename, or any other property, is changed in place; the old workspace of a new key is retained."""
    assert not CREATE_ONLY & defaults.properties(WORKSPACE).keys()
    assert defaults.notes("info") == []
    assert "KmsKeyArn" in everything_on.properties(WORKSPACE)
    (note,) = everything_on.notes("info")
    assert "changing or removing it replaces the workspace by an empty one; the old one is retained" in note
    replaced = everything_on.only(WORKSPACE)
    assert (replaced["DeletionPolicy"], replaced["UpdateReplacePolicy"]) == ("Delete", "Retain")


def test_the_checks_of_cdk_nag_and_penstock_pass() -> None:
    app = App()
    stack = Stack(app, "Stack")
    workspace = MetricsWorkspace(stack, "Metrics", workspace_alias="fleet", rules={"recording": RULE_TEXT})
    workspace.grant_remote_write(iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()))
    add_checks(app)
    app.synth()
