"""Functions, state machines, logs and buckets: what their services need, and what they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from tests.rehearsal.provider_bench import ACCOUNT, REGION, ProviderBench, allow, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"
LOGS = f"logs.{REGION}.amazonaws.com"
DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
LOG_USES = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]


@pytest.fixture
def bench(tmp_path: Path) -> ProviderBench:
    return ProviderBench(tmp_path)


def function(role: Existing, **more: Any) -> Wanted:
    given = {
        "Role": role.made.attributes["Arn"],
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "handler = print"},
        "Environment": {"Variables": {"LEVEL": 1}},
        **more,
    }
    return wanted("AWS::Lambda::Function", "Function", **given)


def test_a_function_is_deployed_with_its_code_role_and_environment(bench: ProviderBench) -> None:
    role = bench.role()
    made = bench.create(function(role, Timeout="60")).made
    deployed = bench.world.functions.find(str(made.attributes["Arn"]))
    assert deployed is not None
    assert deployed.code is not None
    assert (deployed.code / "index.py").read_text() == "handler = print"
    assert (deployed.name, deployed.role_arn) == (made.physical_id, role.made.attributes["Arn"])
    assert (deployed.environment, deployed.timeout_seconds) == ({"LEVEL": "1"}, 60)
    assert deployed.log_group_name == f"/aws/lambda/{made.physical_id}"


def test_the_code_of_a_function_comes_from_an_asset_or_a_bucket(bench: ProviderBench, tmp_path: Path) -> None:
    role = bench.role()
    bench.world.assets["assets", "1.zip"] = tmp_path
    bench.world.objects.create_bucket("code")
    with bench.world.objects.upload("code", "2.zip") as file:
        file.write(b"PK")
    places = [("assets", "1.zip"), ("code", "2.zip")]
    paths = []
    for bucket, key in places:
        made = bench.create(function(role, Code={"S3Bucket": bucket, "S3Key": key})).made
        deployed = bench.world.functions.find(str(made.attributes["Arn"]))
        assert deployed is not None
        paths.append(deployed.code)
    assert paths == [tmp_path, bench.world.objects.read("code", "2.zip")]
    with pytest.raises(ResourceFailedError, match=r"Error occurred while GetObject.*nothing\.zip"):
        bench.create(function(role, Code={"S3Bucket": "code", "S3Key": "nothing.zip"}))


@pytest.mark.parametrize("service", ["states.amazonaws.com", "edgelambda.amazonaws.com"])
def test_a_function_whose_role_lambda_cannot_assume_is_refused(bench: ProviderBench, service: str) -> None:
    with pytest.raises(ResourceFailedError, match="cannot be assumed by Lambda"):
        bench.create(function(bench.role(service=service)))


@pytest.mark.parametrize("left_out", ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"])
def test_a_function_in_a_network_needs_the_permissions_to_be_put_there(bench: ProviderBench, left_out: str) -> None:
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    role = bench.role()
    found = bench.world.iam.find(str(role.made.attributes["Arn"]))
    assert found is not None
    found.inline["network"] = named_policy("network", allow("ec2:*NetworkInterface*"))
    made = bench.create(function(role, VpcConfig=network))
    bench.delete(made)
    denied = {"Statement": [{"Effect": "Deny", "Action": f"ec2:{left_out}", "Resource": "*"}]}
    found.inline["denied"] = named_policy("denied", denied)
    bench.create(function(role))
    with pytest.raises(ResourceFailedError, match=f"does not have permissions to call {left_out} on EC2"):
        bench.create(function(role, VpcConfig=network))


def test_a_deleted_function_is_gone_with_its_policy(bench: ProviderBench) -> None:
    made = bench.create(function(bench.role()))
    arn = str(made.made.attributes["Arn"])
    bench.create(permission(arn))
    bench.delete(made)
    assert bench.world.functions.find(arn) is None
    assert arn not in bench.world.authority.resource_policies


def permission(arn: str, logical_id: str = "Permission", **more: Any) -> Wanted:
    given = {"FunctionName": arn, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", **more}
    return wanted("AWS::Lambda::Permission", logical_id, **given)


def test_a_permission_lets_its_principal_in_under_its_conditions(bench: ProviderBench) -> None:
    arn = str(bench.create(function(bench.role())).made.attributes["Arn"])
    first = bench.create(permission(arn, SourceArn=RULE, SourceAccount=ACCOUNT))
    bench.create(permission(arn, "Second", Principal="sns.amazonaws.com"))
    context = {"aws:SourceArn": RULE, "aws:SourceAccount": ACCOUNT}

    def may_invoke(service: str, given: dict[str, str] | None = None) -> bool:
        return bench.service_may(service, "lambda:InvokeFunction", arn, given)

    assert may_invoke("events.amazonaws.com", context)
    assert not may_invoke("events.amazonaws.com", {**context, "aws:SourceArn": f"{RULE}2"})
    assert not may_invoke("events.amazonaws.com", {**context, "aws:SourceAccount": "999999999999"})
    assert may_invoke("sns.amazonaws.com")
    bench.delete(first)
    assert not may_invoke("events.amazonaws.com", context)
    assert may_invoke("sns.amazonaws.com")


def test_a_permission_for_a_function_that_does_not_exist_is_refused(bench: ProviderBench) -> None:
    with pytest.raises(ResourceFailedError, match=f"Function not found: .*{ACCOUNT}:function:gone "):
        bench.create(permission("gone"))


def machine(role: Existing, **more: Any) -> Wanted:
    given = {"RoleArn": role.made.attributes["Arn"], "DefinitionString": json.dumps(DEFINITION), **more}
    return wanted("AWS::StepFunctions::StateMachine", "Machine", **given)


@pytest.mark.parametrize("service", ["states.amazonaws.com", f"states.{REGION}.amazonaws.com"])
def test_a_state_machine_has_its_definition_and_a_role_that_step_functions_assumes(
    bench: ProviderBench, service: str
) -> None:
    role = bench.role(service=service)
    made = bench.create(machine(role))
    stored = bench.world.state_machines[made.made.physical_id]
    assert (stored.definition, stored.role_arn) == (DEFINITION, role.made.attributes["Arn"])
    bench.delete(made)
    assert not bench.world.state_machines


def test_a_state_machine_without_a_role_or_a_definition_is_refused(bench: ProviderBench) -> None:
    with pytest.raises(ResourceFailedError, match="authorized to assume the provided role"):
        bench.create(machine(bench.role("Lambda")))
    role = bench.role("States", "states.amazonaws.com")
    for definition in ("{", '"text"', "{}"):
        with pytest.raises(ResourceFailedError, match="Invalid State Machine Definition"):
            bench.create(machine(role, DefinitionString=definition))


def log_group(**more: Any) -> Wanted:
    return wanted("AWS::Logs::LogGroup", "Group", LogGroupName="/clicks", **more)


def give_key(bench: ProviderBench, actions: list[str], group: str, service: str = LOGS) -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    condition = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}}
    document = allow(actions, Principal={"Service": service}, Condition=condition)
    bench.world.authority.resource_policies[KEY] = named_policy("key", document)


def test_a_log_group_needs_a_key_that_lets_cloudwatch_logs_in(bench: ProviderBench) -> None:
    give_key(bench, LOG_USES, "/clicks")
    bench.create(log_group(KmsKeyId=KEY))
    assert bench.world.log_groups == {"/clicks"}
    assert not bench.world.timeline.denied


@pytest.mark.parametrize("left_out", LOG_USES[:4])
def test_a_log_group_whose_key_lacks_one_use_is_refused(bench: ProviderBench, left_out: str) -> None:
    give_key(bench, [each for each in LOG_USES if each != left_out], "/clicks")
    with pytest.raises(ResourceFailedError, match="KMS key does not exist or is not allowed to be used with Arn 'arn:"):
        bench.create(log_group(KmsKeyId=KEY))
    assert not bench.world.log_groups
    assert not bench.world.records


def test_a_log_group_whose_key_is_for_another_group_or_service_is_refused(bench: ProviderBench) -> None:
    for group, service in (("/other", LOGS), ("/clicks", "logs.us-east-1.amazonaws.com")):
        give_key(bench, LOG_USES, group, service)
        with pytest.raises(ResourceFailedError, match="KMS key does not exist"):
            bench.create(log_group(KmsKeyId=KEY))


def test_a_log_group_whose_key_is_not_in_the_templates_is_named(bench: ProviderBench) -> None:
    bench.create(log_group(KmsKeyId=KEY))
    assert bench.not_proven(log_group(KmsKeyId=KEY)) == f"the policy of its key {KEY} is not known here"
    assert bench.not_proven(log_group()) == ""


def test_log_groups_and_their_streams(bench: ProviderBench) -> None:
    group = bench.create(log_group())
    assert group.made.attributes["Arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/clicks:*"
    bench.create(wanted("AWS::Logs::LogStream", LogGroupName="/clicks", LogStreamName="job"))
    assert bench.world.log_streams == {("/clicks", "job")}
    with pytest.raises(ResourceFailedError, match="already exists"):
        bench.create(log_group())
    bench.delete(group)
    assert (bench.world.log_groups, bench.world.log_streams) == (set(), set())
    with pytest.raises(ResourceFailedError, match="log group does not exist: /clicks"):
        bench.create(wanted("AWS::Logs::LogStream", LogGroupName="/clicks"))


def test_a_log_group_that_lambda_has_made_is_in_the_way(bench: ProviderBench) -> None:
    bench.world.log_groups.add("/clicks")
    with pytest.raises(ResourceFailedError, match="already exists"):
        bench.create(log_group())


def test_a_bucket_holds_objects_and_is_deleted_when_it_is_empty(bench: ProviderBench) -> None:
    bucket = bench.create(wanted("AWS::S3::Bucket", BucketName="clicks"))
    with bench.world.objects.upload("clicks", "a/1") as file:
        file.write(b"1")
    with pytest.raises(ResourceFailedError, match="clicks you tried to delete is not empty"):
        bench.delete(bucket)
    bench.world.objects.delete("clicks", "a/1")
    bench.delete(bucket)
    assert bench.world.objects.buckets() == {}


def test_a_bucket_that_exists_is_refused(bench: ProviderBench) -> None:
    bench.world.objects.create_bucket("clicks")
    with pytest.raises(ResourceFailedError, match="clicks exists already"):
        bench.create(wanted("AWS::S3::Bucket", BucketName="clicks"))
    assert not bench.world.records


def test_the_policy_of_a_bucket_decides_on_its_objects_and_on_no_others(bench: ProviderBench) -> None:
    document = allow("s3:GetObject", "arn:aws:s3:::clicks/*", Principal={"Service": "delivery.logs.amazonaws.com"})
    policy = bench.create(wanted("AWS::S3::BucketPolicy", Bucket="clicks", PolicyDocument=document))

    def may_read(bucket: str) -> bool:
        return bench.service_may("delivery.logs.amazonaws.com", "s3:GetObject", f"arn:aws:s3:::{bucket}/a/1")

    assert may_read("clicks")
    assert not may_read("other")
    bench.delete(policy)
    assert not may_read("clicks")


def test_resources_without_effect_are_modelled(bench: ProviderBench) -> None:
    for kind in ("AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"):
        assert bench.create(wanted(kind)).made.physical_id
        assert bench.not_proven(wanted(kind)) == ""
