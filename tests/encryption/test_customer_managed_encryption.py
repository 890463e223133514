from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

from cdk_penstock.application import (
    ApplicationEncryption,
    ApplicationPropsError,
    FlinkApplication,
    FlinkRuntime,
)
from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import (
    CustomerManagedEncryption,
    EncryptionError,
    KeyAdministrator,
    KeyGuard,
    KeyPolicyMode,
)
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.policies.principals import KeyPrincipalError
from cdk_penstock.review.dependencies import arrows_of, path_between
from tests.encryption.conftest import (
    ACCOUNT,
    APPLICATION,
    KEY_UPDATE,
    REGION,
    START,
    Deployment,
    application_in,
    encryption_in,
    new_stack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Deploy = Callable[[Callable[[Stack], object]], Deployment]

LOGGING_OPTION = "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption"
POLICY = "AWS::IAM::ManagedPolicy"
CLOUDFORMATION_ROLE = f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"


def encrypted_and_started(stack: Stack, **props: Any) -> CustomerManagedEncryption:
    application = application_in(stack)
    encryption = encryption_in(stack, application, **props)
    VerifiedStart(stack, "Start", application=application, operator=encryption.operator)
    return encryption


@pytest.fixture(scope="module")
def default(deploy: Deploy) -> Deployment:
    return deploy(encrypted_and_started)


@pytest.fixture(scope="module")
def second_key(deploy: Deploy) -> Deployment:
    return deploy(lambda stack: encrypted_and_started(stack, key_generation=2))


@pytest.fixture(scope="module")
def closed(deploy: Deploy) -> Deployment:
    return deploy(lambda stack: encrypted_and_started(stack, key_generation=2, close_previous_key=True))


def statements(deployment: Deployment, key: str) -> dict[str, dict[str, Any]]:
    found = deployment.only("AWS::KMS::Key", key)[1]["Properties"]["KeyPolicy"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def test_the_seven_steps_are_in_order(default: Deployment) -> None:
    steps = [
        default.only(POLICY, "AppOperatorBasePolicy")[0],
        default.only(APPLICATION)[0],
        default.only(LOGGING_OPTION)[0],
        default.only("AWS::KMS::Key", "AppKey1")[0],
        default.only(POLICY, "AppOperatorPolicyKey1")[0],
        default.only(KEY_UPDATE)[0],
        default.only(START)[0],
    ]
    arrows = arrows_of(default.resources)
    for earlier, later in pairwise(steps):
        assert path_between(arrows, later, earlier), f"{later} does not wait for {earlier}"


@pytest.mark.parametrize("which", ["default", "second_key", "closed"])
def test_nothing_waits_for_itself(which: str, request: pytest.FixtureRequest) -> None:
    deployment = request.getfixturevalue(which)
    arrows = arrows_of(deployment.resources)
    for name in deployment.resources:
        assert path_between(arrows, name, name) is None


def test_the_key_refers_to_the_application_itself(default: Deployment) -> None:
    application = default.only(APPLICATION)[0]
    _, key = default.only("AWS::KMS::Key", "AppKey1")
    assert {"Ref": application} in json_values(key["Properties"]["KeyPolicy"])


def test_the_application_leaves_its_key_to_the_sequence(default: Deployment) -> None:
    configuration = default.only(APPLICATION)[1]["Properties"]["ApplicationConfiguration"]
    assert "ApplicationEncryptionConfiguration" not in configuration


def test_the_key_is_kept_and_does_not_rotate_by_itself(default: Deployment) -> None:
    _, key = default.only("AWS::KMS::Key", "AppKey1")
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is False
    assert not {"KeySpec", "MultiRegion", "Origin"} & set(key["Properties"])


def test_only_the_operator_and_cloudformation_operate_with_the_key(default: Deployment) -> None:
    operator = default.only("AWS::IAM::Role", "AppOperator")[0]
    for sid, statement in statements(default, "AppKey1").items():
        if sid.startswith("AllowOperator"):
            assert statement["Principal"]["AWS"] == [
                {"Fn::GetAtt": [operator, "Arn"]},
                {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{CLOUDFORMATION_ROLE}"},
            ]
            if sid == "AllowOperatorToLookAtKey":
                assert statement["Action"] == ["kms:DescribeKey", "kms:GetKeyPolicy"]
                continue
            assert (
                statement["Condition"]["StringEquals"]["kms:ViaService"] == f"kinesisanalytics.{REGION}.amazonaws.com"
            )


def test_cloudformation_manages_the_key_without_using_it_otherwise(default: Deployment) -> None:
    manage = statements(default, "AppKey1")["AllowCloudFormationToManageKey"]
    assert "kms:PutKeyPolicy" in manage["Action"]
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:EnableKeyRotation", "kms:*"} & set(
        manage["Action"]
    )
    assert not any(action.startswith("kms:GenerateDataKey") for action in manage["Action"])


def test_the_account_does_not_decide_on_the_key(default: Deployment) -> None:
    for statement in statements(default, "AppKey1").values():
        for principal in as_list(statement["Principal"].get("AWS", [])):
            if isinstance(principal, str) and principal.endswith(":root"):
                assert "aws:PrincipalArn" in statement["Condition"]["ArnLike"]


def test_the_execution_role_has_no_action_on_the_key(default: Deployment) -> None:
    role_id, role = default.only("AWS::IAM::Role", "AppExecutionRole")
    key = default.only("AWS::KMS::Key", "AppKey1")[0]
    assert key not in json.dumps(role)
    for policy in default.resources.values():
        if policy["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} and key in json.dumps(policy):
            assert {"Ref": role_id} not in policy["Properties"]["Roles"]
    actions = [
        a
        for p in role["Properties"]["Policies"]
        for s in p["PolicyDocument"]["Statement"]
        for a in as_list(s["Action"])
    ]
    assert not [action for action in actions if action.startswith("kms:")]
    assert "ExecutionRole" not in json.dumps(default.resources[key])


def test_base_and_key_permission_are_separate_policies(default: Deployment) -> None:
    base = json.dumps(default.only(POLICY, "AppOperatorBasePolicy")[1])
    assert "kms:" not in base
    assert "kinesisanalytics:" not in json.dumps(
        [
            s["Action"]
            for s in default.only(POLICY, "AppOperatorPolicyKey1")[1]["Properties"]["PolicyDocument"]["Statement"]
        ]
    )
    assert {
        "kinesisanalytics:CreateApplication",
        "kinesisanalytics:*",
        "kinesisanalytics:DeleteApplication",
    }.isdisjoint(
        default.only(POLICY, "AppOperatorBasePolicy")[1]["Properties"]["PolicyDocument"]["Statement"][0]["Action"]
    )


@pytest.mark.parametrize(
    ("policy", "may_end"),
    [
        (RemovalPolicy.RETAIN, False),
        (RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, True),
        (RemovalPolicy.DESTROY, True),
    ],
)
def test_cloudformation_may_end_a_key_only_where_it_would(policy: RemovalPolicy, may_end: bool) -> None:
    stack = new_stack()
    encrypted_and_started(stack, key_removal_policy=policy)
    keys = Template.from_stack(stack).find_resources("AWS::KMS::Key", {"Properties": {"EnableKeyRotation": False}})
    (key,) = keys.values()
    (statement,) = [
        each for each in key["Properties"]["KeyPolicy"]["Statement"] if each["Sid"] == "AllowCloudFormationToManageKey"
    ]
    assert ({"kms:DisableKey", "kms:ScheduleKeyDeletion"} <= set(statement["Action"])) is may_end
    assert ({"kms:DisableKey", "kms:ScheduleKeyDeletion"} & set(statement["Action"]) == set()) is not may_end


def test_automation_has_nothing_but_the_operator_role(default: Deployment) -> None:
    _, policy = default.only("AWS::IAM::Policy", "PenstockApplicationRoleDefaultPolicy")
    operator = default.only("AWS::IAM::Role", "AppOperator")[0]
    actions = {a for s in policy["Properties"]["PolicyDocument"]["Statement"] for a in as_list(s["Action"])}
    assert actions == {
        "cloudformation:DescribeStacks",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    trust = default.resources[operator]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    automation = default.only("AWS::IAM::Role", "PenstockApplicationRole")[0]
    assert {"AWS": {"Fn::GetAtt": [automation, "Arn"]}} in [statement["Principal"] for statement in trust]


def test_the_start_expects_the_key(default: Deployment) -> None:
    key = default.only("AWS::KMS::Key", "AppKey1")[0]
    assert default.only(START)[1]["Properties"]["ExpectedKeyArn"] == {"Fn::GetAtt": [key, "Arn"]}
    assert default.only(KEY_UPDATE)[1]["Properties"]["KeyArn"] == {"Fn::GetAtt": [key, "Arn"]}


def test_a_change_of_the_application_asserts_the_key_again(deploy: Deploy, default: Deployment) -> None:
    def changed(stack: Stack) -> None:
        encryption = encrypted_and_started(stack)
        encryption.application.add_property_group("late", {"a": "b"})  # type: ignore[attr-defined]

    def overridden(stack: Stack) -> None:
        encryption = encrypted_and_started(stack)
        encryption.application.resource.add_property_override("ApplicationDescription", "x")  # type: ignore[attr-defined]

    revisions = [
        deployment.only(kind)[1]["Properties"]["ApplicationRevision"]
        for deployment in (default, deploy(encrypted_and_started), deploy(changed), deploy(overridden))
        for kind in (KEY_UPDATE, START)
    ]
    assert revisions[0] == revisions[1] == revisions[2] == revisions[3]
    assert len({*revisions}) == 3


def test_a_second_key_opens_a_window_for_both(second_key: Deployment, default: Deployment) -> None:
    assert second_key.names("AWS::KMS::Key", "AppKey1") == default.names("AWS::KMS::Key", "AppKey1")
    old, new = (second_key.only("AWS::KMS::Key", f"AppKey{n}")[0] for n in (1, 2))
    update = second_key.only(KEY_UPDATE)[1]["Properties"]
    assert update["KeyArn"] == {"Fn::GetAtt": [new, "Arn"]}
    assert update["PreviousKeyArns"] == [{"Fn::GetAtt": [old, "Arn"]}]
    arrows = arrows_of(second_key.resources)
    for n in (1, 2):
        policy = second_key.only(POLICY, f"AppOperatorPolicyKey{n}")[0]
        assert path_between(arrows, second_key.only(KEY_UPDATE)[0], policy)
        assert "AllowMSFServiceToDecryptForDurableState" in statements(second_key, f"AppKey{n}")


def test_closing_takes_the_previous_key_from_operator_and_service(closed: Deployment) -> None:
    assert closed.names(POLICY, "AppOperatorPolicyKey1") == []
    assert set(statements(closed, "AppKey1")) == {
        "AllowKeyAdministratorsToManageKeyThroughIdentityCenter",
        "AllowCloudFormationToManageKey",
    }
    assert "AllowMSFServiceToDecryptForDurableState" in statements(closed, "AppKey2")


def test_the_previous_key_is_closed_after_the_application_has_left_it(closed: Deployment) -> None:
    update, properties = closed.only(KEY_UPDATE)
    arrows = arrows_of(closed.resources)
    for earlier in (update, closed.only(START)[0]):
        assert path_between(arrows, closed.only("AWS::KMS::Key", "AppKey1")[0], earlier)
    assert properties["Properties"]["PreviousKeyArns"] == []
    assert (properties["Properties"]["KeyGeneration"], properties["Properties"]["ClosesPreviousKey"]) == ("2", "true")


def test_another_application_does_not_take_over_the_key_of_the_one_that_it_replaces(deploy: Deploy) -> None:
    def names(application_name: str) -> set[str]:
        found = deploy(lambda s: encryption_in(s, application_in(s, application_name=application_name)))
        return {*found.names("AWS::KMS::Key", "AppKey"), *found.names(POLICY, "AppOperatorPolicyKey")}

    assert not names("orders") & names("orders-2")


def test_moving_the_constructs_keeps_the_resources_that_would_undo_themselves(deploy: Deploy) -> None:
    def build(stack: Stack, scope: Construct) -> None:
        application = application_in(stack)
        encryption = encryption_in(scope, application)
        VerifiedStart(scope, "Start", application=application, operator=encryption.operator)

    here = deploy(lambda stack: build(stack, stack))
    there = deploy(lambda stack: build(stack, Construct(stack, "Elsewhere")))
    for resource_type in (KEY_UPDATE, START, "AWS::KMS::Key", POLICY):
        assert here.names(resource_type, "App") == there.names(resource_type, "App") != []


def test_the_third_key_forgets_the_first(deploy: Deploy) -> None:
    third = deploy(lambda stack: encrypted_and_started(stack, key_generation=3))
    assert [name[:7] for name in third.names("AWS::KMS::Key", "AppKey")] == ["AppKey2", "AppKey3"]


def test_everything_on(deploy: Deploy) -> None:
    def build(stack: Stack) -> None:
        administrator = KeyAdministrator(
            stack, "Administrator", assumed_by=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/SecurityLead")]
        )
        encrypted_and_started(
            stack,
            operators=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/{name}") for name in ("OnCall", "Release")],
            key_administrators=[administrator],
            cloudformation_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Deploy",
            key_removal_policy=RemovalPolicy.DESTROY,
            key_policy_mode=KeyPolicyMode.DEVELOPMENT,
            sensitive_data=False,
        )

    deployment = deploy(build)
    _, key = deployment.only("AWS::KMS::Key", "AppKey1")
    policy = key["Properties"]["KeyPolicy"]
    assert policy["Id"] == "key-policy-permissive-for-dev-only"
    assert "never let sensitive data" in key["Metadata"]["penstock:developmentKeyPolicy"]
    assert key["DeletionPolicy"] == "Delete"
    assert f"arn:aws:iam::{ACCOUNT}:role/Deploy" in json.dumps(policy)
    name, administrator = deployment.only("AWS::IAM::Role", "Administrator")
    assert {"Fn::GetAtt": [name, "Arn"]} in policy["Statement"][0]["Principal"]["AWS"]
    (inline,) = administrator["Properties"]["Policies"]
    assert [s["Action"] for s in inline["PolicyDocument"]["Statement"]] == [["kms:ListAliases", "kms:ListKeys"]]
    assert administrator["DeletionPolicy"] == "Retain"


def test_it_passes_all_checks() -> None:
    stack = new_stack()
    log_key = kms.Key(stack, "LogKey", enable_key_rotation=True)
    application = application_in(stack, log_encryption_key=log_key, log_retention=logs.RetentionDays.ONE_YEAR)
    administrator = KeyAdministrator(
        stack, "Administrator", assumed_by=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/SecurityLead")]
    )
    encryption = encryption_in(stack, application, key_administrators=[administrator], key_generation=2)
    VerifiedStart(stack, "Start", application=application, operator=encryption.operator)
    app = stack.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()


def test_an_imported_application_is_updated_where_it_runs(deploy: Deploy) -> None:
    def build(stack: Stack) -> None:
        running = FlinkApplication.from_application_name(stack, "Running", "orders")
        encryption_in(stack, running, execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Orders")

    deployment = deploy(build)
    assert deployment.names(APPLICATION) == []
    assert deployment.only(KEY_UPDATE)[1]["Properties"]["ApplicationName"] == "orders"
    assert "application/orders" in json.dumps(deployment.only("AWS::KMS::Key", "RunningKey1")[1])


def test_keys_that_exist_can_be_used(deploy: Deploy) -> None:
    keys: list[kms.IKey] = []

    def build(stack: Stack) -> None:
        keys[:] = [kms.Key.from_key_arn(stack, f"K{n}", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{n}") for n in (1, 2)]
        encryption_in(stack, application_in(stack), key=keys[1], previous_key=keys[0])

    deployment = deploy(build)
    update = deployment.only(KEY_UPDATE)[1]["Properties"]
    assert (update["KeyArn"], update["PreviousKeyArns"]) == (keys[1].key_arn, [keys[0].key_arn])
    assert deployment.names("AWS::KMS::Key", "AppKey") == []


def test_the_key_before_the_first_one_may_be_given(deploy: Deploy) -> None:
    def build(stack: Stack) -> None:
        running = FlinkApplication.from_application_name(stack, "Running", "orders")
        before = kms.Key.from_key_arn(stack, "Before", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0")
        encryption_in(stack, running, execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Orders", previous_key=before)

    deployment = deploy(build)
    assert deployment.only(KEY_UPDATE)[1]["Properties"]["PreviousKeyArns"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0"]
    assert len(deployment.names(POLICY, "RunningOperatorPolicy")) == 2


def test_given_keys_may_have_the_same_id_in_different_places(deploy: Deploy) -> None:
    def build(stack: Stack) -> None:
        keys = [kms.Key(Construct(stack, place), "Key") for place in ("Here", "There")]
        encryption_in(stack, application_in(stack), key=keys[0], previous_key=keys[1])

    assert len(deploy(build).names(POLICY, "AppOperatorPolicy")) == 2


def test_one_administrator_manages_the_keys_of_many_applications() -> None:
    stack = new_stack()
    lead = iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/SecurityLead")
    administrator = KeyAdministrator(stack, "Administrator", assumed_by=[lead])
    for n in range(6):
        encryption_in(
            Construct(stack, f"Team{n}"),
            application_in(Construct(stack, f"App{n}"), application_name=f"orders-{n}"),
            key_administrators=[administrator],
        )
    name = stack.get_logical_id(cast("iam.CfnRole", administrator.node.default_child))
    policies = Template.from_stack(stack).find_resources(POLICY)
    assert not [p for p in policies.values() if {"Ref": name} in p["Properties"].get("Roles", [])]


REFUSED: list[tuple[str, Callable[[Stack], object], type[Exception], str]] = [
    (
        "an old runtime",
        lambda s: encryption_in(s, application_in(s, runtime=FlinkRuntime.FLINK_1_19)),
        EncryptionError,
        "FLINK-1_20 on, got FLINK-1_19",
    ),
    (
        "a key in the application's template",
        lambda s: encryption_in(s, application_in(s, encryption=ApplicationEncryption(key=None))),
        EncryptionError,
        "sets its key in its own template",
    ),
    (
        "no operator",
        lambda s: encryption_in(s, application_in(s), operators=[]),
        EncryptionError,
        "no operator is named",
    ),
    (
        "no administrator",
        lambda s: encryption_in(s, application_in(s), key_administrators=[]),
        EncryptionError,
        "no key administrator is named",
    ),
    (
        "anybody as operator",
        lambda s: encryption_in(s, application_in(s), operators=[iam.AnyPrincipal()]),
        KeyPrincipalError,
        "without wildcards",
    ),
    (
        "the account as administrator",
        lambda s: encryption_in(s, application_in(s), key_administrators=[iam.AccountRootPrincipal()]),
        EncryptionError,
        "whole account",
    ),
    (
        "a service as operator",
        lambda s: encryption_in(s, application_in(s), operators=[iam.ServicePrincipal("lambda.amazonaws.com")]),
        EncryptionError,
        "must be one role or user",
    ),
    (
        "the development policy for sensitive data",
        lambda s: encryption_in(s, application_in(s), key_policy_mode=KeyPolicyMode.DEVELOPMENT),
        EncryptionError,
        "sensitive_data=False",
    ),
    (
        "a key of another account",
        lambda s: encryption_in(
            s, application_in(s), key=kms.Key.from_key_arn(s, "K", f"arn:aws:kms:{REGION}:999999999999:key/1")
        ),
        EncryptionError,
        "it is in account 999999999999, the application in 111122223333",
    ),
    (
        "a key of another Region",
        lambda s: encryption_in(
            s, application_in(s), key=kms.Key.from_key_arn(s, "K", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1")
        ),
        EncryptionError,
        "it is in Region us-east-1, the application in eu-central-1",
    ),
    (
        "an imported multi-Region key",
        lambda s: encryption_in(
            s, application_in(s), key=kms.Key.from_key_arn(s, "K", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1")
        ),
        EncryptionError,
        "multi-Region",
    ),
    (
        "a multi-Region key",
        lambda s: encryption_in(s, application_in(s), key=kms.Key(s, "K", multi_region=True)),
        EncryptionError,
        "multi-Region",
    ),
    (
        "a rotating key",
        lambda s: encryption_in(s, application_in(s), key=kms.Key(s, "K", enable_key_rotation=True)),
        EncryptionError,
        "automatic rotation",
    ),
    (
        "an asymmetric key",
        lambda s: encryption_in(
            s,
            application_in(s),
            key=kms.Key(s, "K", key_spec=kms.KeySpec.RSA_2048, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT),
        ),
        EncryptionError,
        "create one with SYMMETRIC_DEFAULT",
    ),
    (
        "a generation and a key",
        lambda s: encryption_in(s, application_in(s), key=kms.Key(s, "K"), key_generation=2),
        EncryptionError,
        "pass one of both",
    ),
    (
        "a closed policy for the key in use",
        lambda s: encryption_in(s, application_in(s), key_policy_mode=KeyPolicyMode.CLOSED),
        EncryptionError,
        "key_policy_mode is that of the key in use",
    ),
    (
        "closing where there is nothing to close",
        lambda s: encryption_in(s, application_in(s), close_previous_key=True),
        EncryptionError,
        "close_previous_key closes the key that key_generation counts one lower, got the first",
    ),
    (
        "closing a key that is not made here",
        lambda s: encryption_in(
            s, application_in(s), key=kms.Key(s, "K"), previous_key=kms.Key(s, "Old"), close_previous_key=True
        ),
        EncryptionError,
        "closed where it is made",
    ),
    (
        "the same key twice",
        lambda s: (key := kms.Key(s, "K")) and encryption_in(s, application_in(s), key=key, previous_key=key),
        EncryptionError,
        "leave out previous_key",
    ),
    (
        "an alias of another Region",
        lambda s: encryption_in(
            s,
            application_in(s),
            key=kms.Key.from_key_arn(s, "K", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/flink"),
        ),
        EncryptionError,
        f"pass an alias of {ACCOUNT} and {REGION}",
    ),
    (
        "an alias of a key that rotates automatically",
        lambda s: encryption_in(
            s,
            application_in(s),
            key=kms.Alias(s, "K", alias_name="alias/flink", target_key=kms.Key(s, "Target", enable_key_rotation=True)),
        ),
        EncryptionError,
        "rotates automatically",
    ),
    (
        "a key and its alias",
        lambda s: (
            (key := kms.Key(s, "K"))
            and encryption_in(
                s, application_in(s), key=key, previous_key=kms.Alias(s, "A", alias_name="alias/flink", target_key=key)
            )
        ),
        EncryptionError,
        "leave out previous_key",
    ),
    (
        "a previous key beside one that is made here",
        lambda s: encryption_in(s, application_in(s), key_generation=2, previous_key=kms.Key(s, "Old")),
        EncryptionError,
        "the key before generation 2 is made here",
    ),
    ("generation zero", lambda s: encryption_in(s, application_in(s), key_generation=0), EncryptionError, "from 1 on"),
    (
        "an imported application without its role",
        lambda s: encryption_in(s, FlinkApplication.from_application_name(s, "Running", "orders")),
        EncryptionError,
        "pass execution_role_arn",
    ),
]


@pytest.mark.parametrize(("build", "error", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_refuses(build: Callable[[Stack], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build(new_stack())


KEY_ID = "12345678-1111-1111-1111-111111111111"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"


def stack_with_known_alias() -> Stack:
    """Return a stack of an app that knows the answer to the lookup of alias/flink."""
    answer = {f"key-provider:account={ACCOUNT}:aliasName=alias/flink:region={REGION}": {"keyId": KEY_ID}}
    return Stack(App(context=answer), "Stack", env=Environment(account=ACCOUNT, region=REGION))


@pytest.mark.parametrize(
    "given",
    [
        lambda s: kms.Alias.from_alias_name(s, "K", "alias/flink"),
        lambda s: kms.Key.from_key_arn(s, "K", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/flink"),
    ],
    ids=["by its name", "by its ARN"],
)
def test_the_key_of_an_imported_alias_is_looked_up_and_its_arn_is_used(given: Callable[[Stack], kms.IKey]) -> None:
    stack = stack_with_known_alias()
    key = given(stack)
    application = application_in(stack)
    encryption = encryption_in(stack, application, key=key)
    KeyGuard(stack, "Guard", application=application, keys=[key], operators=[encryption.operator])
    template = json.dumps(Template.from_stack(stack).to_json())
    assert f"key/{KEY_ID}" in template
    assert "alias/" not in template
    (info,) = Annotations.from_stack(stack).find_info("*", Match.string_like_regexp("moving the alias changes nothing"))
    assert KEY_ID in str(info.entry.data)


def test_the_key_of_an_alias_in_the_app_is_used() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Target")
    encryption = encryption_in(
        stack, application_in(stack), key=kms.Alias(stack, "K", alias_name="alias/flink", target_key=key)
    )
    assert encryption.key is key
    update = Deployment(stack, Template.from_stack(stack)).only(KEY_UPDATE)[1]
    assert update["Properties"]["KeyArn"] == stack.resolve(key.key_arn)


def test_an_alias_that_cannot_be_looked_up_is_refused_with_the_fix() -> None:
    stack = Stack(App(), "Anywhere")
    with pytest.raises(EncryptionError, match="looked up only in a known account and Region.*from_key_arn"):
        encryption_in(stack, application_in(stack), key=kms.Alias.from_alias_name(stack, "K", "alias/flink"))


def test_an_application_that_sets_its_key_itself_may_name_an_alias() -> None:
    stack = stack_with_known_alias()
    alias = kms.Alias.from_alias_name(stack, "K", "alias/flink")
    application_in(stack, encryption=ApplicationEncryption.customer_managed_key(alias))
    assert f"key/{KEY_ID}" in json.dumps(Template.from_stack(stack).to_json())


@pytest.mark.parametrize("imported", [True, False])
def test_the_synthesis_says_how_the_policy_of_an_imported_key_is_judged(imported: bool) -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "K", KEY_ARN) if imported else kms.Key(stack, "K")
    encryption_in(stack, application_in(stack), key=key)
    found = Annotations.from_stack(stack).find_info("*", Match.string_like_regexp("key status --check --application"))
    assert len(found) == int(imported)


def test_it_refuses_a_start_before_the_key() -> None:
    stack = new_stack()
    application = application_in(stack)
    operator = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    VerifiedStart(stack, "Start", application=application, operator=operator)
    with pytest.raises(ApplicationPropsError, match="started before its key is in place"):
        encryption_in(stack, application)


def test_it_refuses_a_second_encryption_of_an_application() -> None:
    stack = new_stack()
    application = application_in(stack)
    encryption_in(stack, application)
    with pytest.raises(ApplicationPropsError, match="customer managed key already"):
        encryption_in(Construct(stack, "Second"), application)


def test_it_refuses_an_application_of_another_stack() -> None:
    stack = new_stack()
    other = Stack(App.of(stack), "Other", env=Environment(account=ACCOUNT, region=REGION))
    with pytest.raises(EncryptionError, match="put both in one stack"):
        encryption_in(other, application_in(stack))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def json_values(value: Any) -> list[Any]:
    """Return the value and everything in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(each for part in inner for each in json_values(part))]


def test_a_synthesizer_without_a_role_for_cloudformation_is_refused() -> None:
    stack = Stack(App(), "Stack", synthesizer=CliCredentialsStackSynthesizer())
    with pytest.raises(EncryptionError, match="pass cloudformation_role_arn"):
        encryption_in(stack, application_in(stack))
