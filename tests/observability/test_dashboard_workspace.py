from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, Environment, NestedStack, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

import cdk_penstock
from cdk_penstock.checks import add_checks
from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.model.grafana import GrafanaNameError
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import (
    Dashboard,
    DashboardError,
    DashboardWorkspace,
    DashboardWorkspaceError,
    GrafanaContent,
    GrafanaContentProps,
    GrafanaVersion,
    IdentitySource,
    MetricsWorkspace,
)
from tests.conftest import WITH_ASSETS
from tests.observability.conftest import Synthesized, flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]

WORKSPACE = "AWS::Grafana::Workspace"
CONTENT = "Custom::PenstockGrafanaContent"
ARN = "arn:<AWS::Partition>:grafana:eu-central-1:111122223333:/workspaces"
FLEET = Dashboard(name="fleet", content={"title": "Fleet"})
CARS = Dashboard(name="cars", content={"title": "Cars"})


def workspace(stack: Stack, **properties: Any) -> DashboardWorkspace:
    given: dict[str, Any] = {"workspace_name": "fleet", "identity_source": IdentitySource.iam_identity_center()}
    return DashboardWorkspace(stack, "Grafana", **(given | properties))


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


@pytest.fixture(scope="module")
def defaults(synthesize: Synthesize) -> Synthesized:
    return synthesize(workspace)


def everything(stack: Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    prefix_list = ec2.PrefixList.from_prefix_list_id(stack, "Office", "pl-1")
    endpoint = vpc.add_interface_endpoint("Endpoint", service=ec2.InterfaceVpcEndpointAwsService.GRAFANA_WORKSPACE)
    grafana = workspace(
        stack,
        description="Fleet",
        identity_source=IdentitySource.saml(
            metadata_url="https://idp.example.com/metadata",
            admin_roles=["platform"],
            editor_roles=["fleet"],
            role_attribute="groups",
            allowed_organizations=["cars"],
            organization_attribute="org",
            login_attribute="mail",
            email_attribute="mail",
            name_attribute="displayName",
            login_validity=Duration.hours(8),
        ),
        grafana_version=GrafanaVersion.V10_4,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
        allowed_prefix_lists=[prefix_list],
        allowed_endpoints=[endpoint],
        plugin_admin_enabled=True,
        sns_notifications_enabled=True,
        content=GrafanaContentProps(
            folder_uid="cars",
            folder_title="Cars",
            vpc=vpc,
            encryption_key=kms.Key(stack, "Key"),
            asset_encryption_key=kms.Key.from_key_arn(
                stack, "AssetKey", "arn:aws:kms:eu-central-1:111122223333:key/assets"
            ),
        ),
        removal_policy=RemovalPolicy.DESTROY,
    )
    metrics = MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1")
    grafana.add_prometheus_data_source(metrics, name="amp", title="Fleet metrics", is_default=True)
    grafana.add_dashboard(FLEET)
    grafana.add_dashboard(CARS)
    sns.Topic(stack, "Alerts").grant_publish(grafana)
    grafana.role.add_to_policy(  # type: ignore[union-attr]
        iam.PolicyStatement(actions=["es:ESHttpGet"], resources=["arn:aws:es:eu-central-1:111122223333:domain/d/*"])
    )


@pytest.fixture(scope="module")
def everything_on(synthesize: Synthesize) -> Synthesized:
    return synthesize(everything)


def test_defaults_are_those_of_production(defaults: Synthesized) -> None:
    (role,) = defaults.template.find_resources("AWS::IAM::Role")
    assert defaults.properties(WORKSPACE) == {
        "Name": "fleet",
        "AccountAccessType": "CURRENT_ACCOUNT",
        "PermissionType": "CUSTOMER_MANAGED",
        "AuthenticationProviders": ["AWS_SSO"],
        "DataSources": ["PROMETHEUS"],
        "GrafanaVersion": "12.4",
        "PluginAdminEnabled": False,
        "RoleArn": f"<{role}.Arn>",
    }
    for resource_type in (WORKSPACE, "AWS::IAM::Role"):
        resource = defaults.only(resource_type)
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_without_content_nothing_is_deployed_that_could_change_it(defaults: Synthesized) -> None:
    defaults.template.resource_count_is("AWS::Lambda::Function", 0)
    defaults.template.resource_count_is(CONTENT, 0)


def test_only_grafana_for_workspaces_of_this_account_may_assume_the_role_which_may_do_nothing(
    defaults: Synthesized,
) -> None:
    role = defaults.properties("AWS::IAM::Role")
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "grafana.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {"aws:SourceArn": f"{ARN}/*"},
            },
        }
    ]
    assert "ManagedPolicyArns" not in role
    assert "Policies" not in role
    defaults.template.resource_count_is("AWS::IAM::Policy", 0)


def test_everything_on(everything_on: Synthesized) -> None:
    grafana = everything_on.properties(WORKSPACE)
    assert grafana["SamlConfiguration"] == {
        "IdpMetadata": {"Url": "https://idp.example.com/metadata"},
        "AssertionAttributes": {
            "Role": "groups",
            "Org": "org",
            "Login": "mail",
            "Email": "mail",
            "Name": "displayName",
        },
        "RoleValues": {"Admin": ["platform"], "Editor": ["fleet"]},
        "AllowedOrganizations": ["cars"],
        "LoginValidityDuration": 480,
    }
    assert grafana["AuthenticationProviders"] == ["SAML"]
    assert grafana["GrafanaVersion"] == "10.4"
    assert len(grafana["VpcConfiguration"]["SubnetIds"]) == 3
    assert len(grafana["VpcConfiguration"]["SecurityGroupIds"]) == 1
    assert grafana["NetworkAccessControl"]["PrefixListIds"] == ["pl-1"]
    assert len(grafana["NetworkAccessControl"]["VpceIds"]) == 1
    assert grafana["NotificationDestinations"] == ["SNS"]
    assert grafana["PluginAdminEnabled"] is True
    assert grafana["Description"] == "Fleet"
    assert everything_on.only(WORKSPACE)["DeletionPolicy"] == "Delete"


def test_the_role_may_query_what_was_added_and_do_what_was_granted(everything_on: Synthesized) -> None:
    roles = [flatten(each["Properties"]) for each in everything_on.template.find_resources("AWS::IAM::Role").values()]
    (role,) = [each for each in roles if "grafana.amazonaws.com" in str(each["AssumeRolePolicyDocument"])]
    (policy,) = role["Policies"]
    query, publish, search = policy["PolicyDocument"]["Statement"]
    assert query["Action"] == ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]
    assert query["Resource"] == "arn:<AWS::Partition>:aps:eu-central-1:111122223333:workspace/ws-1"
    assert (publish["Action"], search["Action"]) == ("sns:Publish", "es:ESHttpGet")


def test_the_content_is_in_the_properties_of_one_resource(everything_on: Synthesized) -> None:
    content = everything_on.properties(CONTENT)
    (workspace_id,) = everything_on.template.find_resources(WORKSPACE)
    assert content["WorkspaceId"] == f"<{workspace_id}.Id>"
    assert (content["FolderUid"], content["FolderTitle"]) == ("cars", "Cars")
    assert content["Mark"].startswith("penstock:cars:")
    assert content["DataSources"] == [
        {
            "Uid": "cars-amp",
            "Name": "Fleet metrics",
            "Type": "prometheus",
            "Url": "https://aps-workspaces.eu-central-1.<AWS::URLSuffix>/workspaces/ws-1",
            "Region": "eu-central-1",
            "IsDefault": "true",
        }
    ]
    assert [each["Uid"] for each in content["Dashboards"]] == ["cars-fleet", "cars-cars"]
    assert len({each["Key"] for each in content["Dashboards"]}) == 2


@pytest.fixture(scope="module")
def with_cloudwatch(synthesize: Synthesize) -> Synthesized:
    return synthesize(lambda stack: workspace(stack).add_cloudwatch_data_source(title="CloudWatch"))


def test_a_workspace_with_cloudwatch_may_read_metrics_and_nothing_else_of_it(with_cloudwatch: Synthesized) -> None:
    roles = with_cloudwatch.template.find_resources("AWS::IAM::Role").values()
    (policy,) = [policy for role in roles for policy in role["Properties"].get("Policies", [])]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Sid": "ReadMetrics",
        "Effect": "Allow",
        "Action": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"],
        "Resource": "*",
    }
    assert with_cloudwatch.properties(WORKSPACE)["DataSources"] == ["PROMETHEUS", "CLOUDWATCH"]
    content = with_cloudwatch.properties(CONTENT)
    assert content["CloudwatchDataSources"] == [
        {"Uid": "penstock-cloudwatch", "Name": "CloudWatch", "Region": "eu-central-1"}
    ]


def test_two_data_sources_for_cloudwatch_need_one_statement(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        grafana = workspace(stack)
        assert [grafana.add_cloudwatch_data_source(name=name).uid for name in ("a", "b")] == [
            "penstock-a",
            "penstock-b",
        ]

    roles = synthesize(build).template.find_resources("AWS::IAM::Role").values()
    (policy,) = [policy for role in roles for policy in role["Properties"].get("Policies", [])]
    assert len(policy["PolicyDocument"]["Statement"]) == 1


def test_a_dashboards_key_follows_its_content(synthesize: Synthesize, tmp_path: Path) -> None:
    def keys(title: str) -> list[str]:
        dashboard = Dashboard(name="fleet", content={"title": title})
        return [
            each["Key"]
            for each in synthesize(lambda stack: workspace(stack).add_dashboard(dashboard)).properties(CONTENT)[
                "Dashboards"
            ]
        ]

    assert keys("Fleet") == keys("Fleet")
    assert keys("Fleet") != keys("Cars")


def test_an_asset_is_the_dashboard_with_its_owners_mark(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=WITH_ASSETS)
    grafana = workspace(Stack(app, "Stack"))
    assert grafana.add_dashboard(FLEET) == "penstock-fleet"
    app.synth()
    (asset,) = tmp_path.glob("asset.*.json")
    assert json.loads(asset.read_bytes()) == {"title": "Fleet", "tags": [grafana.content.mark]}


def handler_statements(result: Synthesized) -> list[dict[str, Any]]:
    policies = result.template.find_resources("AWS::IAM::Policy")
    (policy,) = [flatten(each["Properties"]) for each in policies.values() if "grafana:" in str(each)]
    return policy["PolicyDocument"]["Statement"]


def test_the_function_may_make_accounts_in_this_workspace_and_read_these_dashboards_only(
    synthesize: Synthesize,
) -> None:
    def build(stack: Stack) -> None:
        grafana = workspace(stack)
        grafana.add_dashboard(FLEET)
        grafana.add_prometheus_data_source(MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1"))

    result = synthesize(build)
    (workspace_id,) = result.template.find_resources(WORKSPACE)
    log, accounts, read = handler_statements(result)
    assert set(log["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert accounts["Resource"] == f"{ARN}/<{workspace_id}.Id>"
    assert sorted(accounts["Action"]) == [
        "grafana:CreateWorkspaceServiceAccount",
        "grafana:CreateWorkspaceServiceAccountToken",
        "grafana:DeleteWorkspaceServiceAccount",
        "grafana:DescribeWorkspace",
        "grafana:ListWorkspaceServiceAccounts",
    ]
    (dashboard,) = result.properties(CONTENT)["Dashboards"]
    assert read["Action"] == "s3:GetObject"
    assert read["Resource"].endswith(f":s3:::{dashboard['Bucket']}/{dashboard['Key']}")
    assert "aps:" not in str(handler_statements(result))


def test_content_that_depends_on_the_network_comes_after_its_endpoints_and_goes_before_them(
    synthesize: Synthesize,
) -> None:
    def build(stack: Stack) -> None:
        network = ApplicationVpc(stack, "Network", endpoints=[AwsService.S3, AwsService.of("grafana")])
        endpoint = network.add_endpoint(AwsService.of("grafana-workspace"))
        where = {"vpc": network.vpc, "vpc_subnets": network.application_subnets}
        grafana = workspace(
            stack,
            **where,
            allowed_endpoints=[endpoint],
            content=GrafanaContentProps(**where),  # type: ignore[typeddict-item]
        )
        grafana.add_dashboard(FLEET)
        grafana.content.node.add_dependency(network)

    result = synthesize(build)  # refuses a cycle
    endpoints = set(result.template.find_resources("AWS::EC2::VPCEndpoint"))
    assert len(endpoints) == 3
    assert endpoints <= set(result.only(CONTENT)["DependsOn"])


def test_a_bootstrap_key_may_be_used_to_read_dashboards(everything_on: Synthesized) -> None:
    decrypting = [each for each in handler_statements(everything_on) if each["Action"] == "kms:Decrypt"]
    assert [each["Resource"] for each in decrypting] == ["arn:aws:kms:eu-central-1:111122223333:key/assets"]


def test_the_data_source_follows_the_version(stack: Stack) -> None:
    metrics = MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1")
    source = workspace(stack).add_prometheus_data_source(metrics)
    assert (source.uid, source.type) == ("penstock-metrics", "grafana-amazonprometheus-datasource")
    assert GrafanaVersion.V10_4.prometheus_data_source_type == "prometheus"
    assert GrafanaVersion.of("13.0").prometheus_data_source_type == "grafana-amazonprometheus-datasource"


def test_an_imported_workspace_gets_content_and_its_role_a_grant(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        imported = DashboardWorkspace.from_workspace_id(
            stack,
            "Imported",
            "g-0123456789",
            grafana_version=GrafanaVersion.V10_4,
            role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("grafana.amazonaws.com")),
        )
        content = GrafanaContent(stack, "Content", workspace=imported, folder_uid="cars", folder_title="Cars")
        content.add_prometheus_data_source(MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1"))

    result = synthesize(build)
    assert result.properties(CONTENT)["WorkspaceId"] == "g-0123456789"
    assert result.properties(CONTENT)["DataSources"][0]["Type"] == "prometheus"
    assert f"{ARN}/g-0123456789" in str(handler_statements(result))
    assert "aps:QueryMetrics" in str(result.template.to_json())
    assert result.notes("warning") == []


def import_elsewhere(app: App, stack_name: str) -> dict[str, Any]:
    """Return the policies of a stack with metrics for another stack's workspace."""
    environment = Environment(account="111122223333", region="eu-central-1")
    grafana = workspace(Stack(app, "Presentation", env=environment))
    team = Stack(app, "Team", stack_name=stack_name, env=environment)
    imported = DashboardWorkspace.from_workspace_id(team, "Imported", grafana.workspace_id, role=grafana.role)
    content = GrafanaContent(team, "Content", workspace=imported, folder_uid="cars", folder_title="Cars")
    content.add_prometheus_data_source(MetricsWorkspace(team, "Metrics", workspace_alias="cars"))
    resources = app.synth().get_stack_by_name(stack_name).template["Resources"]
    return {
        name: flatten(each["Properties"])
        for name, each in resources.items()
        if each["Type"] == "AWS::IAM::Policy" and "aps:" in str(each)
    }


def test_the_role_of_another_stack_is_granted_by_a_policy_of_the_stack_with_the_metrics() -> None:
    app = App()
    (policy,) = import_elsewhere(app, "Team").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert "aps:QueryMetrics" in statement["Action"]
    assert statement["Resource"].startswith("<Metrics")
    assert "Presentation:ExportsOutputFnGetAttGrafanaRole" in str(policy["Roles"])
    assert "aps:" not in str(app.synth().get_stack_by_name("Presentation").template["Resources"])


@pytest.mark.parametrize("flag", [False, True])
def test_two_stacks_that_add_to_one_role_do_not_overwrite_each_others_policy(*, flag: bool) -> None:
    context = {"@aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName": flag}
    (blue,), (green,) = (import_elsewhere(App(context=context), name).values() for name in ("blue", "green"))
    assert blue["PolicyName"] != green["PolicyName"]


def test_an_imported_workspace_without_role_gives_a_warning(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        imported = DashboardWorkspace.from_workspace_id(stack, "Imported", "g-0123456789")
        content = GrafanaContent(stack, "Content", workspace=imported)
        content.add_prometheus_data_source(MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1"))

    (warning,) = synthesize(build).notes("warning")
    assert "the role of the imported workspace is not known: grant it to query arn:" in warning


def test_an_imported_workspace_without_role_gives_a_warning_for_cloudwatch(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        imported = DashboardWorkspace.from_workspace_id(stack, "Imported", "g-0123456789")
        GrafanaContent(stack, "Content", workspace=imported).add_cloudwatch_data_source()

    (warning,) = synthesize(build).notes("warning")
    assert "grant it cloudwatch:GetMetricData and cloudwatch:ListMetrics, or import" in warning


def test_two_deployments_in_one_workspace_have_different_marks(stack: Stack) -> None:
    imported = DashboardWorkspace.from_workspace_id(stack, "Imported", "g-0123456789")
    marks = {GrafanaContent(stack, name, workspace=imported).mark for name in ("One", "Two")}
    assert len(marks) == 2


@pytest.mark.parametrize("nested", [False, True], ids=["in the stack", "in a nested stack"])
def test_the_same_constructs_under_two_stack_names_have_different_marks(*, nested: bool) -> None:
    def mark(stack_name: str) -> str:
        stack = Stack(App(), "Stack", stack_name=stack_name)
        scope = NestedStack(stack, "Nested") if nested else stack
        imported = DashboardWorkspace.from_workspace_id(scope, "Imported", "g-0123456789")
        return GrafanaContent(scope, "Content", workspace=imported).mark

    assert mark("blue") == mark("blue")
    assert mark("blue") != mark("green")


def test_the_address_of_users_and_of_the_content(stack: Stack) -> None:
    grafana = workspace(stack)
    assert stack.resolve(grafana.workspace_url)["Fn::Join"][1][0] == "https://"
    content_url = stack.resolve(grafana.content.workspace_url)["Fn::GetAtt"]
    assert content_url[1] == "Url"


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"workspace_name": "my fleet"}, "workspace_name must be 1 to 255 letters"),
        ({"description": "x" * 2049}, "description must be at most 2048 characters, got 2049"),
        ({"security_groups": []}, "need a vpc: pass vpc as well"),
        ({"vpc_subnets": ec2.SubnetSelection(one_per_az=True)}, "need a vpc: pass vpc as well"),
    ],
)
def test_fails_for_what_the_service_would_refuse(stack: Stack, properties: dict[str, Any], problem: str) -> None:
    with pytest.raises(DashboardWorkspaceError, match=problem):
        workspace(stack, **properties)


def test_fails_for_too_few_subnets_and_groups_and_too_many_networks(stack: Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    one = ec2.SubnetSelection(subnets=[vpc.private_subnets[0]])
    with pytest.raises(DashboardWorkspaceError, match="2 to 6 subnets, in different availability zones, got 1"):
        workspace(stack, vpc=vpc, vpc_subnets=one)
    with pytest.raises(DashboardWorkspaceError, match="1 to 5 security groups, got 0"):
        workspace(Stack(stack, "Two"), vpc=vpc, security_groups=[])
    lists = [ec2.PrefixList.from_prefix_list_id(stack, f"List{i}", f"pl-{i}") for i in range(6)]
    with pytest.raises(DashboardWorkspaceError, match="allowed_prefix_lists has at most 5 entries, got 6"):
        workspace(Stack(stack, "Three"), allowed_prefix_lists=lists)


def test_a_workspace_in_a_vpc_has_connections_and_one_outside_has_none(stack: Stack) -> None:
    inside = workspace(stack, vpc=ec2.Vpc(stack, "Vpc"))
    assert len(inside.connections.security_groups) == 1
    with pytest.raises(DashboardWorkspaceError, match="is in no VPC and has no connections"):
        _ = workspace(Stack(stack, "Two")).connections


def test_fails_for_content_that_could_not_get_there(stack: Stack) -> None:
    grafana = workspace(stack, allowed_endpoints=[])
    with pytest.raises(DashboardWorkspaceError, match="has network access control, so a function outside of a VPC"):
        grafana.add_dashboard(FLEET)


def test_fails_for_names_that_are_taken_or_that_grafana_would_refuse(stack: Stack) -> None:
    grafana = workspace(stack)
    metrics = MetricsWorkspace.from_workspace_id(stack, "Metrics", "ws-1")
    grafana.add_dashboard(FLEET)
    grafana.add_prometheus_data_source(metrics)
    with pytest.raises(DashboardError, match="dashboard 'fleet' exists already"):
        grafana.add_dashboard(FLEET)
    with pytest.raises(DashboardError, match="data source 'metrics' exists already"):
        grafana.add_prometheus_data_source(metrics)
    with pytest.raises(DashboardError, match="data source 'metrics' exists already"):
        grafana.add_cloudwatch_data_source(name="metrics")
    with pytest.raises(GrafanaNameError, match="1 to 40 letters"):
        grafana.add_dashboard(Dashboard(name="f" * 40, content={"title": "Fleet"}))
    with pytest.raises(GrafanaNameError, match="the uid of the folder"):
        GrafanaContent(stack, "Content", workspace=grafana, folder_uid="my folder")


@pytest.mark.parametrize("version", ["8.4", "new", ""])
def test_fails_for_a_version_without_service_accounts(version: str) -> None:
    with pytest.raises(DashboardWorkspaceError, match="expected a version of Grafana from 9 on"):
        GrafanaVersion.of(version)


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({}, "exactly one of metadata_url and metadata_xml"),
        ({"metadata_url": "u", "metadata_xml": "x"}, "exactly one of metadata_url and metadata_xml"),
        ({"metadata_xml": "x", "admin_roles": []}, "at least one admin role"),
        ({"metadata_xml": "x", "allowed_organizations": ["a"]}, "need organization_attribute as well"),
    ],
)
def test_fails_for_a_saml_configuration_that_lets_nobody_in(properties: dict[str, Any], problem: str) -> None:
    with pytest.raises(DashboardWorkspaceError, match=problem):
        IdentitySource.saml(**({"admin_roles": ["a"], "role_attribute": "r"} | properties))


def test_no_property_replaces_the_workspace_and_users_dashboards_outlive_the_stack(everything_on: Synthesized) -> None:
    """Managed Grafana's only create-only property is ClientToken, which is not set; a rename changes it in place."""
    assert "ClientToken" not in everything_on.properties(WORKSPACE)
    assert everything_on.only(CONTENT)["DeletionPolicy"] == "Delete"


def test_importing_the_package_does_not_load_the_dashboard_library() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import cdk_penstock.observability;"
        "sys.exit('grafana_foundation_sdk' in sys.modules)"
    )
    root = Path(cdk_penstock.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program, str(root)], check=True)


def test_the_checks_of_cdk_nag_and_penstock_pass() -> None:
    app = App()
    stack = Stack(app, "Stack")
    grafana = workspace(stack)
    grafana.add_prometheus_data_source(MetricsWorkspace(stack, "Metrics", workspace_alias="fleet"))
    grafana.add_cloudwatch_data_source()
    grafana.add_dashboard(FLEET)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"], private_subnet_ids=["subnet-1", "subnet-2"]
    )
    restricted = workspace(
        Stack(app, "Restricted"), vpc=vpc, allowed_endpoints=[], content=GrafanaContentProps(vpc=vpc)
    )
    restricted.add_dashboard(FLEET)
    elsewhere = Stack(app, "Elsewhere")
    imported = DashboardWorkspace.from_workspace_id(elsewhere, "Imported", grafana.workspace_id, role=grafana.role)
    GrafanaContent(elsewhere, "Content", workspace=imported, folder_uid="team").add_cloudwatch_data_source()
    add_checks(app)
    app.synth()
