"""Calls of boto3 at the gateway: each protocol, the decision, and what is refused."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.rehearsal.world.resource_records import ResourceRecord
from cdk_penstock.rehearsal.world.world import World
from tests.rehearsal.function_world import add_role
from tests.rehearsal.gateway_caller import ROLE, GatewayCaller, refused
from tests.rehearsal.provider_bench import ACCOUNT, REGION, allow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/events/1-2"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Clicks/1"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/base"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": ["*", "a&b <ü> %41"]}],
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def caller(world: World) -> GatewayCaller:
    return GatewayCaller(world, allow("*"))


def test_kms_makes_keys_and_aliases_and_answers_about_them(caller: GatewayCaller) -> None:
    kms = caller.client("kms")
    made = kms.create_key(Description="a key")["KeyMetadata"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=made["KeyId"])
    assert kms.describe_key(KeyId="alias/mine")["KeyMetadata"]["CreationDate"] == made["CreationDate"]
    assert "Enable IAM" in kms.get_key_policy(KeyId=made["Arn"])["Policy"]
    assert [each["KeyId"] for each in kms.get_paginator("list_keys").paginate().build_full_result()["Keys"]] == [
        made["KeyId"]
    ]
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/mine"
    resources = [resource for action, resource, _ in caller.calls if action in {"kms:CreateAlias", "kms:DescribeKey"}]
    assert resources == [alias, made["Arn"], made["Arn"]]


def test_policies_of_a_role_come_back_as_they_were_put(caller: GatewayCaller) -> None:
    iam = caller.client("iam")
    caller.world.iam.managed[POLICY] = named_policy("base", DOCUMENT)
    caller.role.attached.append(POLICY)
    iam.put_role_policy(RoleName="caller", PolicyName="new", PolicyDocument=json.dumps(DOCUMENT))
    assert iam.get_role_policy(RoleName="caller", PolicyName="new")["PolicyDocument"]["Statement"][0]["Resource"] == [
        "*",
        "a&b <ü> %41",
    ]
    names = iam.get_paginator("list_role_policies").paginate(RoleName="caller").build_full_result()["PolicyNames"]
    assert names == ["1", "new"]
    attached = iam.get_paginator("list_attached_role_policies").paginate(RoleName="caller").build_full_result()
    assert attached["AttachedPolicies"] == [{"PolicyName": "base", "PolicyArn": POLICY}]
    version = iam.get_policy(PolicyArn=POLICY)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=POLICY, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] in ("kms:*", ["kms:*"])
    iam.delete_role_policy(RoleName="caller", PolicyName="new")
    with refused("NoSuchEntity", 404):
        iam.get_role_policy(RoleName="caller", PolicyName="new")
    with refused("MalformedPolicyDocument", 400):
        iam.put_role_policy(RoleName="caller", PolicyName="new", PolicyDocument="{")


def test_a_role_is_read_with_its_path_and_its_trust(caller: GatewayCaller) -> None:
    role = caller.client("iam").get_role(RoleName="caller")["Role"]
    assert (role["Arn"], role["Path"]) == (ROLE, "/team/")
    assert "lambda.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])


def test_what_the_templates_made_is_read(caller: GatewayCaller) -> None:
    world = caller.world
    elsewhere = STACK.replace(REGION, "us-east-1")
    world.stack_statuses |= {elsewhere: "DELETE_FAILED", STACK: "CREATE_COMPLETE"}
    world.records.add(
        ResourceRecord(stack_id=STACK, logical_id="K", type="AWS::MSK::Cluster", name="K", arn=CLUSTER, physical_id="K")
    )
    formation, kafka = caller.client("cloudformation"), caller.client("kafka")
    for name in ("Clicks", STACK):
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        assert (stack["StackId"], stack["StackStatus"]) == (STACK, "CREATE_COMPLETE")
    assert [each["StackId"] for each in formation.describe_stacks()["Stacks"]] == [STACK]
    with refused("ValidationError", 400):
        formation.describe_stacks(StackName="Other")
    assert (
        caller.client("ec2").describe_network_interfaces(Filters=[{"Name": "a", "Values": ["b"]}])["NetworkInterfaces"]
        == []
    )
    assert kafka.describe_cluster_v2(ClusterArn=CLUSTER)["ClusterInfo"]["State"] == "ACTIVE"
    assert kafka.get_bootstrap_brokers(ClusterArn=CLUSTER)["BootstrapBrokerStringSaslIam"].count(":9098") == 3
    with refused("NotFoundException", 404):
        kafka.describe_cluster_v2(ClusterArn=CLUSTER + "x")
    resources = {action: resource for action, resource, _ in caller.calls}
    assert resources["kafka:GetBootstrapBrokers"] == CLUSTER
    assert ("cloudformation:DescribeStacks", STACK, True) in caller.calls


def test_objects_are_written_listed_copied_and_read(caller: GatewayCaller) -> None:
    s3 = caller.client("s3")
    caller.world.objects.create_bucket("code")
    s3.put_object(Bucket="code", Key="a/b c+ü.zip", Body=b"1")
    s3.copy_object(Bucket="code", Key="copy", CopySource={"Bucket": "code", "Key": "a/b c+ü.zip"})
    assert s3.get_object(Bucket="code", Key="copy")["Body"].read() == b"1"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="code", Prefix="a/")["Contents"]] == ["a/b c+ü.zip"]
    asked = [(action, resource.removeprefix("arn:aws:s3:::")) for action, resource, _ in caller.calls]
    assert asked == [
        ("s3:PutObject", "code/a/b c+ü.zip"),
        ("s3:PutObject", "code/copy"),
        ("s3:GetObject", "code/a/b c+ü.zip"),
        ("s3:GetObject", "code/copy"),
        ("s3:ListBucket", "code"),
    ]
    assert caller.world.timeline.calls[-1].request.context["s3:prefix"] == "a/"


def test_a_copy_needs_to_read_its_source(world: World) -> None:
    caller = GatewayCaller(world, allow("s3:PutObject"), allow("s3:GetObject", "arn:aws:s3:::code/open"))
    world.objects.create_bucket("code")
    s3 = caller.client("s3")
    for key in ("open", "secret"):
        s3.put_object(Bucket="code", Key=key, Body=b"1")
    s3.copy_object(Bucket="code", Key="copy", CopySource="code/open")
    with refused("AccessDenied", 403):
        s3.copy_object(Bucket="code", Key="copy", CopySource="code/secret")


CALLS: dict[str, tuple[str, dict[str, Any], str, str, int]] = {
    "kms": ("describe_key", {"KeyId": "1234"}, "kms:DescribeKey", "AccessDeniedException", 400),
    "iam": ("get_role", {"RoleName": "caller"}, "iam:GetRole", "AccessDenied", 403),
    "cloudformation": ("describe_stacks", {"StackName": "A"}, "cloudformation:DescribeStacks", "AccessDenied", 403),
    "ec2": ("describe_network_interfaces", {}, "ec2:DescribeNetworkInterfaces", "UnauthorizedOperation", 403),
    "kafka": ("describe_cluster_v2", {"ClusterArn": CLUSTER}, "kafka:DescribeClusterV2", "AccessDeniedException", 403),
    "s3": ("list_objects_v2", {"Bucket": "code"}, "s3:ListBucket", "AccessDenied", 403),
    "cloudwatch": ("describe_alarms", {}, "cloudwatch:DescribeAlarms", "AccessDenied", 403),
    "sts": ("assume_role", {"RoleArn": ROLE, "RoleSessionName": "work"}, "sts:AssumeRole", "AccessDenied", 403),
    "kinesisanalyticsv2": (
        "describe_application",
        {"ApplicationName": "a"},
        "kinesisanalytics:DescribeApplication",
        "AccessDeniedException",
        400,
    ),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_denied_call_is_the_error_that_its_service_raises(world: World, service: str) -> None:
    operation, parameters, action, code, status = CALLS[service]
    caller = GatewayCaller(world)
    if service == "cloudwatch":
        code, status = "AccessDeniedException", 400
    with refused(code, status) as caught:
        getattr(caller.client(service), operation)(**parameters)
    assert action in caught.value.response["Error"]["Message"] or service == "s3"
    (call,) = world.timeline.denied
    assert (call.request.action, call.session, call.made_by) == (
        action,
        world.iam.named(ACCOUNT, "caller").session_arn("s"),
        MadeBy.PERSON,
    )


@pytest.mark.parametrize(
    ("service", "wrong_secret", "unknown_key"),
    [
        ("kms", ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
        ("iam", ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
        ("ec2", ("AuthFailure", 401), ("AuthFailure", 401)),
        ("kafka", ("InvalidSignatureException", 403), ("UnrecognizedClientException", 403)),
        ("s3", ("SignatureDoesNotMatch", 403), ("InvalidAccessKeyId", 403)),
        ("sts", ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
    ],
)
def test_a_wrong_signature_and_an_unknown_key_reach_no_service(
    caller: GatewayCaller, service: str, wrong_secret: tuple[str, int], unknown_key: tuple[str, int]
) -> None:
    operation, parameters, *_ = CALLS[service]
    wrong = ({"aws_secret_access_key": "wrong"}, wrong_secret), ({"aws_access_key_id": "ASIAUNKNOWN"}, unknown_key)
    for keys, expected in wrong:
        with refused(*expected):
            getattr(caller.client(service, **keys), operation)(**parameters)
    assert caller.calls == []


def test_credentials_end_on_the_clock_of_the_play(caller: GatewayCaller) -> None:
    caller.world.clock.sleep(3_601)
    for service, code, status in (("kms", "ExpiredTokenException", 400), ("iam", "ExpiredToken", 403)):
        operation, parameters, *_ = CALLS[service]
        with refused(code, status):
            getattr(caller.client(service), operation)(**parameters)


UNANSWERED: dict[str, tuple[str, dict[str, Any], str]] = {
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"k": {"S": "1"}}}, "dynamodb:GetItem"),
    "route53": ("list_hosted_zones", {}, "route53:ListHostedZones"),
    "sns": ("list_topics", {}, "sns:ListTopics"),
    "batch": ("describe_job_queues", {}, "batch:DescribeJobQueues"),
    "stepfunctions": ("list_state_machines", {}, "states:ListStateMachines"),
    "ses": ("list_identities", {}, "ses:ListIdentities"),
    "opensearch": ("list_versions", {}, "es:GET /2021-01-01/opensearch/versions"),
    "iam": ("create_user", {"UserName": "u"}, "iam:CreateUser"),
    "kms": (
        "verify_mac",
        {"KeyId": "1", "Message": b"1", "Mac": b"1", "MacAlgorithm": "HMAC_SHA_256"},
        "kms:VerifyMac",
    ),
    "cloudwatch": ("describe_alarms", {}, "cloudwatch:DescribeAlarms"),
    "grafana": ("describe_workspace", {"workspaceId": "g-1234567890"}, "grafana:DescribeWorkspace"),
    "kafka": ("list_clusters_v2", {}, "kafka:ListClustersV2"),
    "ec2": ("describe_subnets", {}, "ec2:DescribeSubnets"),
}


@pytest.mark.parametrize("service", UNANSWERED)
def test_what_is_not_answered_is_refused_and_remembered(caller: GatewayCaller, service: str) -> None:
    operation, parameters, sentence = UNANSWERED[service]
    for count in (1, 2):
        with refused("NotModelledByTheRehearsal", 400):
            getattr(caller.client(service), operation)(**parameters)
        assert caller.world.gateway.unanswered.count == count
    (found,) = caller.world.gateway.unanswered.sentences
    assert found.startswith(sentence)


def test_operations_that_a_service_decides_on_and_does_not_have_are_remembered(caller: GatewayCaller) -> None:
    key = caller.client("kms").create_key()["KeyMetadata"]["Arn"]
    with refused("NotModelledByTheRehearsal", 400):
        caller.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")
    assert ("kms:GenerateDataKey", key, True) in caller.calls
    with refused("NotModelledByTheRehearsal", 400):
        caller.client("iam").attach_role_policy(RoleName="caller", PolicyArn=POLICY)
    caller.world.objects.create_bucket("code")
    with refused("NotImplemented", 501):
        caller.client("s3").get_bucket_tagging(Bucket="code")
    assert [each.partition(" ")[0] for each in caller.world.gateway.unanswered.sentences] == [
        "kms:GenerateDataKey",
        "iam:AttachRolePolicy",
        "s3:GET",
    ]


def test_a_session_of_an_assumed_role_keeps_who_made_the_call(caller: GatewayCaller) -> None:
    world = caller.world
    target = add_role(world, "operator", allow("kms:ListKeys"))
    target.trust = named_policy(
        "trust", {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}]}
    )
    answer = caller.client("sts").assume_role(RoleArn=target.arn, RoleSessionName="work")
    found = answer["Credentials"]
    keys = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    identity = caller.client("sts", **keys).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"] == target.session_arn("work")
    caller.client("kms", **keys).list_keys()
    with refused("AccessDeniedException", 400):
        caller.client("kms", **keys).list_aliases()
    assert {(each.made_by, each.session) for each in world.timeline.calls[1:]} == {
        (MadeBy.PERSON, target.session_arn("work"))
    }


def test_msf_answers_at_the_same_address(caller: GatewayCaller) -> None:
    with refused("ResourceNotFoundException", 400):
        caller.client("kinesisanalyticsv2").describe_application(ApplicationName="nothing")


def test_calls_of_several_threads_are_all_recorded_with_their_numbers(caller: GatewayCaller) -> None:
    kms = caller.client("kms")
    barrier = threading.Barrier(8)

    def create(_number: int) -> str:
        barrier.wait()
        return str(kms.create_key()["KeyMetadata"]["Arn"])

    with ThreadPoolExecutor(8) as pool:
        arns = list(pool.map(create, range(16)))
    assert len(set(arns)) == 16
    numbers = [each.number for each in caller.world.timeline.entries]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("body", [b"[]", b"{", b"1"])
def test_a_body_that_is_no_object_is_a_serialization_error(caller: GatewayCaller, body: bytes) -> None:
    kms = caller.client("kms")
    kms.meta.events.register("before-sign.kms.ListKeys", lambda request, **_: setattr(request, "data", body))
    with refused("SerializationException", 400):
        kms.list_keys()
