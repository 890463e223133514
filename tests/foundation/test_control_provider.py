from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.checks import add_checks
from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.foundation.log_encryption import LOG_KEY_POLICY_WARNING
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource
from tests.conftest import WITH_ASSETS

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import aws_ec2

FUNCTION = "AWS::Lambda::Function"
RESOURCE = KafkaBootstrapBrokersResource(cluster_arn="arn:aws:kafka:eu-central-1:111122223333:cluster/fleet/1")


def stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def vpc_in(scope: Stack) -> aws_ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["eu-central-1a", "eu-central-1b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
        private_subnet_route_table_ids=["rtb-1", "rtb-2"],
    )


def of_type(scope: Stack, kind: str) -> list[Any]:
    return list(Template.from_stack(scope).find_resources(kind).values())


def test_the_functions_carry_what_the_handlers_need_and_no_more(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), post_cli_context=WITH_ASSETS)
    scope = Stack(app, "Stack")
    ControlProvider(scope, "Provider", handler="application")
    app.synth()
    (folder,) = [path.parent for path in tmp_path.glob("asset.*/cdk_penstock")]
    assert {path.name for path in (folder / "cdk_penstock").iterdir()} == {
        "__init__.py",
        "model",
        "control",
        "handlers",
    }
    assert not list(folder.rglob("__pycache__"))
    assert [path.relative_to(folder).as_posix() for path in (folder / "models").rglob("*.*")] == [
        "models/kinesisanalyticsv2/2018-05-23/service-2.json.gz"
    ]
    assert {path.name for path in folder.iterdir()} == {"cdk_penstock", "models"}
    for function in of_type(scope, FUNCTION):
        module, _, name = function["Properties"]["Handler"].rpartition(".")
        if module.startswith("cdk_penstock"):
            assert function["Properties"]["Environment"]["Variables"] == {"AWS_DATA_PATH": "/var/task/models"}
            assert (folder / (module.replace(".", "/") + ".py")).is_file()
            assert callable(getattr(import_module(module), name))


def test_the_code_is_the_same_however_often_it_is_packed(tmp_path: Path) -> None:
    for number in (1, 2):
        app = App(outdir=str(tmp_path / str(number)), post_cli_context=WITH_ASSETS)
        ControlProvider(Stack(app, "Stack"), "Provider", handler="application")
        app.synth()
    first, second = ({path.name for path in (tmp_path / n).glob("asset.*")} for n in ("1", "2"))
    assert first == second


def test_by_default_it_may_write_its_log_and_nothing_else() -> None:
    scope = stack()
    provider = ControlProvider(scope, "Provider", handler="application")
    provider.build_resource(scope, "Resource", RESOURCE)
    policies = Template.from_stack(scope).find_resources("AWS::IAM::Policy")
    (own,) = [body for name, body in policies.items() if name.startswith("ProviderRoleDefaultPolicy")]
    (statement,) = own["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert not of_type(scope, "AWS::IAM::ManagedPolicy")
    for role in of_type(scope, "AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role["Properties"]


def test_the_resource_is_created_after_the_permissions_of_its_handler() -> None:
    scope = stack()
    provider = ControlProvider(scope, "Provider", handler="application")
    provider.build_resource(scope, "Resource", RESOURCE)
    (resource,) = of_type(scope, RESOURCE.resource_type)
    waits_for = " ".join(resource["DependsOn"])
    for role in ("ProviderRole", "ProviderOnEventFrameworkRole", "ProviderIsCompleteFrameworkRole"):
        assert f"{role}DefaultPolicy" in waits_for


def test_with_everything_on_it_runs_in_a_vpc_under_a_key_and_passes_all_checks() -> None:
    scope = stack()
    vpc = vpc_in(scope)
    provider = ControlProvider(
        scope,
        "Provider",
        handler="application",
        encryption_key=kms.Key(scope, "Key", enable_key_rotation=True),
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(one_per_az=True),
        security_groups=[ec2.SecurityGroup(scope, "Group", vpc=vpc, description="Automation")],
    )
    provider.allow(["sqs:SendMessage"], resource="arn:aws:sqs:eu-central-1:111122223333:queue")
    app = scope.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()
    own = [f for f in of_type(scope, FUNCTION) if f["Properties"]["Handler"].startswith("cdk_penstock")]
    assert len(own) == 2
    assert all({"VpcConfig", "KmsKeyArn"} <= set(function["Properties"]) for function in own)
    assert all("ManagedPolicyArns" not in role["Properties"] for role in of_type(scope, "AWS::IAM::Role"))


def test_cloudwatch_logs_may_use_the_key_for_the_log_of_the_handler() -> None:
    scope = stack()
    ControlProvider(scope, "Provider", handler="application", encryption_key=kms.Key(scope, "Key"))
    (group_id,) = Template.from_stack(scope).find_resources("AWS::Logs::LogGroup")
    (key,) = of_type(scope, "AWS::KMS::Key")
    statements = [each for each in key["Properties"]["KeyPolicy"]["Statement"] if "Service" in each["Principal"]]
    (statement,) = [each for each in statements if each["Principal"]["Service"] == "logs.eu-central-1.amazonaws.com"]
    (arn,) = statement["Condition"]["ArnLike"].values()
    assert arn["Fn::Join"][1][-1] == f":logs:eu-central-1:111122223333:log-group:Stack-{group_id}-*"


@pytest.mark.parametrize("environment", [None, Environment(account="111122223333", region="eu-central-1")])
def test_what_the_policy_of_an_imported_key_must_allow_is_said(environment: Environment | None) -> None:
    scope = Stack(App(), "Stack", env=environment)
    key = kms.Key.from_key_arn(scope, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1")
    ControlProvider(scope, "Provider", handler="application", encryption_key=key)
    (group_id,) = Template.from_stack(scope).find_resources("AWS::Logs::LogGroup")
    (warning,) = Annotations.from_stack(scope).find_warning("*", Match.any_value())
    text = str(warning.entry.data)
    assert LOG_KEY_POLICY_WARNING in text
    assert f"let logs.{'REGION' if environment is None else 'eu-central-1'}.amazonaws.com call kms:Decrypt" in text
    assert f"kms:EncryptionContext:aws:logs:arn is the ARN of log group Stack-{group_id}-*" in text


@pytest.mark.parametrize("handler", ["application"])
def test_one_provider_of_a_handler_serves_a_stack(handler: str) -> None:
    scope = stack()
    assert ControlProvider.of(scope, handler) is ControlProvider.of(scope, handler)
