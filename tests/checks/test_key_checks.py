"""The rules for customer managed keys, in apps that are synthesized with the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, App, Environment, Stack, Stage, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from cdk_penstock.application import ApplicationEncryption
from cdk_penstock.checks import MsfChecks, require_customer_managed_keys
from cdk_penstock.encryption import KeyPolicyMode
from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.review.key_rules import demanded_key_is_there, key_policy_lets_msf_in
from cdk_penstock.review.templates import Template, Templates
from tests.encryption.conftest import ACCOUNT, REGION, application_in, encryption_in
from tests.model.policies.documented import APPLICATION, KEY_POLICY

if TYPE_CHECKING:
    from cdk_penstock.review.rule import Violation


@pytest.fixture
def stage() -> Stage:
    app = App()
    Validations.of(app).add_plugins(MsfChecks())
    return Stage(app, "Prod", env=Environment(account=ACCOUNT, region=REGION))


def synthesize(stage: Stage) -> str:
    """Return the message of a synthesis that fails, nothing if it does not."""
    app = stage.node.root
    assert isinstance(app, App)
    try:
        app.synth()
    except RuntimeError as error:
        return str(error)
    return ""


def test_an_application_without_the_demanded_key_is_found_beside_all_other_findings(stage: Stage) -> None:
    application_in(Stack(stage, "Processing"), snapshots_enabled=False)
    require_customer_managed_keys(stage)
    message = synthesize(stage)
    assert "MSF10" in message
    assert "put it under one with CustomerManagedEncryption" in message
    assert "MSF2" in message


def test_an_application_under_a_key_passes_the_demand_and_the_rule_for_its_policy(stage: Stage) -> None:
    stack = Stack(stage, "Processing")
    encryption_in(stack, application_in(stack), key_generation=2, close_previous_key=True)
    require_customer_managed_keys(stage)
    assert synthesize(stage) == ""


def test_nothing_is_demanded_of_other_stacks(stage: Stage) -> None:
    application_in(Stack(stage, "Other"))
    require_customer_managed_keys(Stack(stage, "Processing"))
    assert synthesize(stage) == ""


def test_one_application_may_be_excepted_with_a_reason(stage: Stage) -> None:
    application = application_in(Stack(stage, "Processing"))
    require_customer_managed_keys(stage)
    Validations.of(application).acknowledge(Acknowledgment(id="penstock::MSF10", reason="it makes up its events"))
    assert synthesize(stage) == ""


def test_a_key_of_the_app_that_nobody_made_ready_for_msf_fails_the_synthesis_with_awss_statements(stage: Stage) -> None:
    stack = Stack(stage, "Processing")
    encryption_in(stack, application_in(stack), key=kms.Key(stack, "Own"))
    message = synthesize(stage)
    assert "MSF11" in message
    for words in ("kinesisanalytics.amazonaws.com may not call", "AllowMSFServiceToDescribeKey", "Prod/Processing/Own"):
        assert words in message


def test_a_key_that_cloudformation_may_not_use_is_found_although_the_operator_may(stage: Stage) -> None:
    stack = Stack(stage, "Processing")
    key = kms.Key(stack, "Own")
    encryption = encryption_in(stack, application_in(stack), key=key)
    document = PolicyDocument.from_json({"Statement": KEY_POLICY}).to_json()
    # Only the operator role and MSF are named.
    text = {APPLICATION: f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/vehicle-metrics"}
    for statement in document["Statement"]:
        shown = replaced(statement, {**text, "123456789012": ACCOUNT, "us-east-1": REGION})
        if "AWS" in shown["Principal"]:
            shown["Principal"] = {"AWS": encryption.operator.role_arn}
        key.add_to_resource_policy(iam.PolicyStatement.from_json(shown))
    only_named = iam.PolicyStatement(
        sid="Manage", actions=["kms:PutKeyPolicy"], resources=["*"], principals=[iam.AccountRootPrincipal()]
    )
    cfn_key = key.node.default_child
    assert isinstance(cfn_key, kms.CfnKey)
    cfn_key.add_property_override("KeyPolicy.Statement.0", stack.resolve(only_named.to_statement_json()))
    message = synthesize(stage)
    assert "cfn-exec-role" in message
    assert "AllowOperatorToConfigureAppToUseKeyForApplicationState" in message
    assert "kinesisanalytics.amazonaws.com may not call" not in message
    assert "Operator" not in message.split("may not call")[0].rpartition("arn:")[2]


def replaced(value: Any, texts: dict[str, str]) -> Any:
    match value:
        case dict():
            return {key: replaced(each, texts) for key, each in value.items()}
        case list():
            return [replaced(each, texts) for each in value]
        case str():
            for old, new in texts.items():
                value = value.replace(old, new)
    return value


def violations(check: Any, *bodies: dict[str, Any]) -> list[Violation]:
    return list(check(Templates(tuple(Template(f"{number}.json", body) for number, body in enumerate(bodies)))))


def application(**encryption: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {"RuntimeEnvironment": "FLINK-1_20", "ApplicationName": "clicks"}
    if encryption:
        properties["ApplicationConfiguration"] = {"ApplicationEncryptionConfiguration": encryption}
    return {"Type": "AWS::KinesisAnalyticsV2::Application", "Properties": properties}


def demanding(**resources: Any) -> dict[str, Any]:
    return {"Metadata": {"penstock:customerManagedKeysRequired": True}, "Resources": resources}


@pytest.mark.parametrize(
    ("encryption", "found"),
    [
        ({}, 1),
        ({"KeyType": "AWS_OWNED_KEY"}, 1),
        ({"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": "k"}, 0),
        ({"KeyType": {"Ref": "Parameter"}}, 0),
    ],
)
def test_a_key_in_the_applications_own_properties_counts(encryption: dict[str, Any], found: int) -> None:
    assert len(violations(demanded_key_is_there, demanding(App=application(**encryption)))) == found


@pytest.mark.parametrize("name", ["clicks", {"Ref": "App"}])
def test_a_sequence_that_names_the_application_counts(name: Any) -> None:
    update = {"Type": "Custom::PenstockApplicationKey", "Properties": {"ApplicationName": name}}
    assert not violations(demanded_key_is_there, demanding(App=application(), Update=update))


def test_the_sequence_of_another_application_does_not_count() -> None:
    update = {"Type": "Custom::PenstockApplicationKey", "Properties": {"ApplicationName": "other"}}
    assert len(violations(demanded_key_is_there, demanding(App=application(), Update=update))) == 1


def test_a_template_without_the_demand_has_no_findings() -> None:
    assert not violations(demanded_key_is_there, {"Resources": {"App": application()}})
    assert not violations(key_policy_lets_msf_in, {"Resources": {"App": application()}})


def test_a_wide_policy_is_a_warning_and_names_the_key() -> None:
    stack = Stack(Stage(App(), "Dev", env=Environment(account=ACCOUNT, region=REGION)), "Processing")
    flink = application_in(stack)
    encryption_in(stack, flink, key_policy_mode=KeyPolicyMode.DEVELOPMENT, sensitive_data=False)
    stage = Stage.of(stack)
    assert stage is not None
    assembly = stage.synth()
    templates = Templates((Template.read(assembly.get_stack_by_name("Dev-Processing").template_full_path),))
    found = list(key_policy_lets_msf_in(templates))
    assert found
    assert {each.is_warning for each in found} == {True}
    assert {each.resource.type for each in found} == {"AWS::KMS::Key"}


def test_the_key_of_an_application_that_sets_it_itself_needs_no_sequence(stage: Stage) -> None:
    stack = Stack(stage, "Processing")
    application_in(stack, encryption=ApplicationEncryption.customer_managed_key(kms.Key(stack, "Own")))
    require_customer_managed_keys(stage)
    assert "MSF10" not in synthesize(stage)
