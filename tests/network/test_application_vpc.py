from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, NestedStack, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.model.addresses import AddressPlanError
from cdk_penstock.network import ApplicationVpc, AwsService, NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Environment(account="111122223333", region="eu-central-1")
SUBNET = "AWS::EC2::Subnet"
ENDPOINT = "AWS::EC2::VPCEndpoint"


def synthesize(build: Callable[[Stack], object], **stack: Any) -> Template:
    app = App()
    made = Stack(app, "Stack", **stack)
    build(made)
    return Template.from_stack(made)


@pytest.fixture(scope="module")
def defaults() -> Template:
    return synthesize(lambda stack: ApplicationVpc(stack, "Network"))


@pytest.fixture(scope="module")
def everything() -> Template:
    def build(stack: Stack) -> None:
        ApplicationVpc(
            stack,
            "Network",
            cidr="172.16.8.0/22",
            availability_zones=["eu-central-1a", "eu-central-1c"],
            endpoints=AwsService.known(),
            trusted_accounts=["444455556666"],
            nat_gateways=2,
            flow_log_retention=logs.RetentionDays.ONE_YEAR,
            flow_log_encryption_key=kms.Key(stack, "Key"),
            removal_policy=RemovalPolicy.DESTROY,
        )

    return synthesize(build, env=ENVIRONMENT)


def properties(template: Template, kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in template.find_resources(kind).values()]


def service_of(endpoint: dict[str, Any]) -> str:
    name = endpoint["ServiceName"]
    text = name if isinstance(name, str) else name["Fn::Join"][1][-1]
    return str(text).rpartition("eu-central-1.")[2].removeprefix(".")


def blocks(template: Template) -> dict[str, str]:
    return {logical_id: each["Properties"]["CidrBlock"] for logical_id, each in template.find_resources(SUBNET).items()}


def test_the_default_has_three_private_zones_and_no_way_to_the_internet(defaults: Template) -> None:
    assert sorted(blocks(defaults).values()) == ["10.0.0.0/18", "10.0.128.0/18", "10.0.64.0/18"]
    zones = [subnet["AvailabilityZone"] for subnet in properties(defaults, SUBNET)]
    assert zones == [{"Fn::Select": [index, {"Fn::GetAZs": ""}]} for index in range(3)]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in properties(defaults, SUBNET))
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route"):
        defaults.resource_count_is(kind, 0)


def test_the_default_has_the_free_endpoint_only(defaults: Template) -> None:
    (endpoint,) = properties(defaults, ENDPOINT)
    assert service_of(endpoint) == "s3"
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert len(endpoint["RouteTableIds"]) == 3


def test_the_s3_endpoint_reaches_own_buckets_for_own_principals_only(defaults: Template) -> None:
    (endpoint,) = properties(defaults, ENDPOINT)
    (statement,) = endpoint["PolicyDocument"]["Statement"]
    own = [{"Ref": "AWS::AccountId"}]
    assert statement["Effect"] == "Allow"
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": own, "aws:ResourceAccount": own}}


def test_flow_logs_are_encrypted_kept_and_expire(defaults: Template) -> None:
    (group,) = defaults.find_resources("AWS::Logs::LogGroup").values()
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert group["Properties"]["RetentionInDays"] == 30
    (key_id,) = defaults.find_resources("AWS::KMS::Key")
    assert group["Properties"]["KmsKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    (flow_log,) = properties(defaults, "AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["TrafficType"]) == ("VPC", "ALL")


IN_USE = ["AWS::EC2::VPC", SUBNET, "AWS::EC2::RouteTable", "AWS::EC2::SubnetRouteTableAssociation"]


@pytest.mark.parametrize("kind", [*IN_USE, "Custom::VpcRestrictDefaultSG"])
def test_the_network_of_a_retained_cluster_is_retained_by_default(
    defaults: Template, everything: Template, kind: str
) -> None:
    for template, policy in ((defaults, "RetainExceptOnCreate"), (everything, "Delete")):
        found = template.find_resources(kind).values()
        assert found
        assert {each["DeletionPolicy"] for each in found} == {policy}
        assert {each["UpdateReplacePolicy"] for each in found} == {policy.removesuffix("ExceptOnCreate")}


def test_billed_resources_are_deleted_with_the_stack(defaults: Template) -> None:
    with_nat = synthesize(lambda stack: ApplicationVpc(stack, "Network", nat_gateways=1))
    paid = {ENDPOINT: defaults, "AWS::EC2::NatGateway": with_nat, "AWS::EC2::EIP": with_nat}
    for kind, template in paid.items():
        found = template.find_resources(kind).values()
        assert found
        assert all(each.get("DeletionPolicy") != "Retain" for each in found)


def test_cloudwatch_logs_may_use_the_key_for_the_groups_of_this_construct_only(defaults: Template) -> None:
    (key,) = properties(defaults, "AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    (group_id,) = defaults.find_resources("AWS::Logs::LogGroup")
    (statement,) = [each for each in key["KeyPolicy"]["Statement"] if "Service" in each["Principal"]]
    (arn,) = statement["Condition"]["ArnLike"].values()
    assert arn["Fn::Join"][1][-1] == f":log-group:Stack-{group_id}-*"


def test_a_network_in_a_nested_stack_accepts_a_key_of_its_parent() -> None:
    parent = Stack(App(), "Stack")
    nested = NestedStack(parent, "Nested")
    ApplicationVpc(nested, "Network", flow_log_encryption_key=kms.Key(parent, "Key"))
    (key,) = properties(Template.from_stack(parent), "AWS::KMS::Key")  # which refuses a cycle
    (group_id,) = Template.from_stack(nested).find_resources("AWS::Logs::LogGroup")
    (statement,) = [each for each in key["KeyPolicy"]["Statement"] if "Service" in each["Principal"]]
    (arn,) = statement["Condition"]["ArnLike"].values()
    assert arn["Fn::Join"][1][-1] == f":log-group:*-{group_id}-*"


def test_the_flow_logs_role_writes_to_its_group_only(defaults: Template) -> None:
    (policy,) = properties(defaults, "AWS::IAM::Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    (group_id,) = defaults.find_resources("AWS::Logs::LogGroup")
    assert statement["Resource"] == {"Fn::GetAtt": [group_id, "Arn"]}
    assert not any("Delete" in action or "*" in action for action in statement["Action"])
    (role,) = [each for each in properties(defaults, "AWS::IAM::Role") if "Description" in each]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_default_security_group_is_emptied_unless_asked_otherwise(defaults: Template) -> None:
    defaults.resource_count_is("Custom::VpcRestrictDefaultSG", 1)
    left = synthesize(lambda stack: ApplicationVpc(stack, "Network", restrict_default_security_group=False))
    left.resource_count_is("Custom::VpcRestrictDefaultSG", 0)
    left.resource_count_is("AWS::Lambda::Function", 0)


def test_every_value_reaches_the_template(everything: Template) -> None:
    assert [vpc["CidrBlock"] for vpc in properties(everything, "AWS::EC2::VPC")] == ["172.16.8.0/22"]
    assert sorted(blocks(everything).values()) == [
        "172.16.11.0/28",
        "172.16.11.16/28",
        "172.16.8.0/24",
        "172.16.9.0/24",
    ]
    assert {each["AvailabilityZone"] for each in properties(everything, SUBNET)} == {"eu-central-1a", "eu-central-1c"}
    everything.resource_count_is("AWS::EC2::NatGateway", 2)
    (group,) = everything.find_resources("AWS::Logs::LogGroup").values()
    assert (group["DeletionPolicy"], group["Properties"]["RetentionInDays"]) == ("Delete", 365)
    everything.resource_count_is("AWS::KMS::Key", 1)


def test_each_endpoint_answers_to_the_services_own_name_in_every_zone(everything: Template) -> None:
    endpoints = {service_of(each): each for each in properties(everything, ENDPOINT)}
    assert set(endpoints) == {service.endpoint for service in AwsService.known()}
    interfaces = [each for each in endpoints.values() if each["VpcEndpointType"] == "Interface"]
    assert len(interfaces) == len(endpoints) - 2
    assert all(each["PrivateDnsEnabled"] and len(each["SubnetIds"]) == 2 for each in interfaces)


def test_the_endpoint_of_msk_has_the_service_name_for_new_connections(everything: Template) -> None:
    (endpoint,) = [each for each in properties(everything, ENDPOINT) if service_of(each) == "kafka-api"]
    assert endpoint["ServiceName"] == "aws.api.eu-central-1.kafka-api"
    assert "PolicyDocument" in endpoint


def test_an_endpoint_accepts_https_from_the_vpc_and_opens_nothing(everything: Template) -> None:
    groups = properties(everything, "AWS::EC2::SecurityGroup")
    assert len(groups) == len(AwsService.known()) - 2
    for group in groups:
        (rule,) = group["SecurityGroupIngress"]
        assert (rule["CidrIp"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == (
            "172.16.8.0/22",
            "tcp",
            443,
            443,
        )
        assert [each["CidrIp"] for each in group["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_an_endpoint_with_a_policy_allows_trusted_accounts(everything: Template) -> None:
    for endpoint in properties(everything, ENDPOINT):
        service = AwsService.of(service_of(endpoint))
        if not service.supports_policy:
            assert "PolicyDocument" not in endpoint
            continue
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        condition = statement["Condition"]["StringEquals"]
        assert condition["aws:PrincipalAccount"] == ["111122223333", "444455556666"]
        assert ("aws:ResourceAccount" in condition) == (service is AwsService.S3)


def test_nat_gateways_and_another_zone_that_come_later_move_no_subnet() -> None:
    small = synthesize(lambda stack: ApplicationVpc(stack, "Network", number_of_zones=2))
    large = synthesize(lambda stack: ApplicationVpc(stack, "Network", nat_gateways=3))
    for logical_id, subnet in small.find_resources(SUBNET).items():
        later = large.find_resources(SUBNET)[logical_id]["Properties"]
        assert (later["CidrBlock"], later["AvailabilityZone"]) == (
            subnet["Properties"]["CidrBlock"],
            subnet["Properties"]["AvailabilityZone"],
        )


def test_a_rename_keeps_addresses_and_zones(defaults: Template) -> None:
    renamed = synthesize(lambda stack: ApplicationVpc(stack, "OtherName"), env=ENVIRONMENT)
    assert list(blocks(renamed).values()) == list(blocks(defaults).values())
    zones = [[each["AvailabilityZone"] for each in properties(template, SUBNET)] for template in (renamed, defaults)]
    assert zones[0] == zones[1]


def test_zones_that_the_deployment_chooses_are_noted_with_what_to_do() -> None:
    stack = Stack(App(), "Stack")
    ApplicationVpc(stack, "Chosen")
    ApplicationVpc(stack, "Named", availability_zones=["eu-central-1a", "eu-central-1b"])
    notes = Annotations.from_stack(stack)
    notes.has_info("/Stack/Chosen", Match.string_like_regexp("in no guaranteed order: set the same ones"))
    notes.has_no_info("/Stack/Named", Match.any_value())


def test_only_nat_gateways_get_a_route_to_the_internet(everything: Template) -> None:
    routes = properties(everything, "AWS::EC2::Route")
    assert len([route for route in routes if "NatGatewayId" in route]) == 2
    assert len([route for route in routes if "GatewayId" in route]) == 2
    assert not any(each["MapPublicIpOnLaunch"] for each in properties(everything, SUBNET))


def test_an_endpoint_is_added_once() -> None:
    stack = Stack(App(), "Stack")
    network = ApplicationVpc(stack, "Network")
    assert network.add_endpoint(AwsService.KMS) is network.add_endpoint(AwsService.of("kms"))
    Template.from_stack(stack).resource_count_is(ENDPOINT, 2)


@pytest.mark.parametrize(
    ("props", "error", "message"),
    [
        ({"number_of_zones": 1}, NetworkError, "2 or 3 zones, got 1"),
        ({"availability_zones": list("abcd")}, NetworkError, "2 or 3 zones, got 4"),
        ({"nat_gateways": 2}, NetworkError, "0, 1 or one for each of the 3 zones, got 2"),
        ({"cidr": "10.0.0.0/28"}, AddressPlanError, "/16 to /24"),
    ],
)
def test_a_network_that_could_not_work_is_refused(props: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ApplicationVpc(Stack(App(), "Stack"), "Network", **props)


def imported(stack: Stack, **changed: Any) -> Any:
    attributes: dict[str, Any] = {
        "vpc_id": "vpc-1",
        "availability_zones": ["a", "b"],
        "application_subnet_ids": ["subnet-1", "subnet-2"],
    }
    return ApplicationVpc.from_vpc_attributes(stack, "Imported", **{**attributes, **changed})


def test_an_imported_vpc_takes_applications_and_endpoints(job_zip: Path) -> None:
    stack = Stack(App(), "Stack")
    network = imported(stack, vpc_cidr_block="10.1.0.0/16", application_route_table_ids=["rtb-1", "rtb-2"])
    FlinkApplication(
        stack,
        "Application",
        code=ApplicationCode.from_asset(job_zip),
        application_name="clicks",
        vpc=network.vpc,
        vpc_subnets=network.application_subnets,
    )
    network.add_endpoint(AwsService.KMS)
    network.add_endpoint(AwsService.S3)
    template = Template.from_stack(stack)
    (application,) = properties(template, "AWS::KinesisAnalyticsV2::Application")
    (configuration,) = application["ApplicationConfiguration"]["VpcConfigurations"]
    assert configuration["SubnetIds"] == ["subnet-1", "subnet-2"]
    endpoints = {each["VpcEndpointType"]: each for each in properties(template, ENDPOINT)}
    assert endpoints["Interface"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert endpoints["Gateway"]["RouteTableIds"] == ["rtb-1", "rtb-2"]
    template.resource_count_is("AWS::EC2::VPC", 0)


def test_an_endpoint_that_an_imported_vpc_has_is_not_added_again() -> None:
    stack = Stack(App(), "Stack")
    assert imported(stack, existing_endpoints=[AwsService.KMS]).add_endpoint(AwsService.KMS) is None
    Template.from_stack(stack).resource_count_is(ENDPOINT, 0)


def test_an_endpoint_needs_the_block_of_an_imported_vpc() -> None:
    with pytest.raises(NetworkError, match=r"pass vpc_cidr_block to the import, or name the service"):
        imported(Stack(App(), "Stack")).add_endpoint(AwsService.KMS)


def test_an_import_without_subnets_is_refused() -> None:
    with pytest.raises((NetworkError, RuntimeError), match="subnet"):
        imported(Stack(App(), "Stack"), application_subnet_ids=[])


def test_a_vpc_is_looked_up_and_its_public_subnets_are_refused() -> None:
    subnets = {
        kind: [{"subnetId": f"subnet-{kind}", "availabilityZone": "eu-central-1a", "routeTableId": f"rtb-{kind}"}]
        for kind in ("Public", "Isolated")
    }
    key = f"filter.vpc-id=vpc-12345678:region={ENVIRONMENT.region}:returnAsymmetricSubnets=true"
    found = {
        "vpcId": "vpc-12345678",
        "vpcCidrBlock": "10.0.0.0/16",
        "ownerAccountId": ENVIRONMENT.account,
        "availabilityZones": [],
        "subnetGroups": [{"name": kind, "type": kind, "subnets": each} for kind, each in subnets.items()],
    }
    app = App(context={f"vpc-provider:account={ENVIRONMENT.account}:{key}": found})
    stack = Stack(app, "Stack", env=ENVIRONMENT)
    network = ApplicationVpc.from_lookup(stack, "Found", vpc_id="vpc-12345678")
    assert network.vpc.vpc_id == "vpc-12345678"
    network.add_endpoint(AwsService.KMS)
    network.add_endpoint(AwsService.S3)
    gateway = Template.from_stack(stack).find_resources(ENDPOINT, {"Properties": {"VpcEndpointType": "Gateway"}})
    assert [each["Properties"]["RouteTableIds"] for each in gateway.values()] == [["rtb-Isolated"]]
    with pytest.raises(NetworkError, match="must be private, got public ones"):
        ApplicationVpc.from_lookup(
            stack,
            "Public",
            vpc_id="vpc-12345678",
            application_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        )


def test_nag_and_the_own_checks_have_nothing_to_say(cdk_context: dict[str, Any]) -> None:
    app = App(context=cdk_context)
    stack = Stack(app, "Stack")
    ApplicationVpc(stack, "Network", endpoints=AwsService.known(), nat_gateways=3)
    add_checks(app)
    app.synth()


VALIDATED = """
import json, pathlib
from aws_cdk import App, CfnResource, Stack
from cdk_penstock.network import ApplicationVpc, AwsService
from cdk_penstock.checks import add_checks

app = App(context=json.loads(pathlib.Path("cdk.json").read_text())["context"])
stack = Stack(app, "Stack")
ApplicationVpc(stack, "Network", endpoints=AwsService.known(), nat_gateways=1)
if {broken}:
    CfnResource(stack, "Broken", type="AWS::EC2::VPC", properties={{"Nonsense": 1}})
add_checks(app)
app.synth()
"""


@pytest.mark.validators
@pytest.mark.parametrize("broken", [False, True])
def test_the_cdks_own_validation_agrees(broken: bool) -> None:
    # The CDK's process reads the switch when it starts, so the validation needs another process.
    result = subprocess.run(
        [sys.executable, "-c", VALIDATED.format(broken=broken)],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "true", "PYTHONPATH": str(ROOT / "constructs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode != 0) == broken, result.stderr
    assert ("Nonsense" in result.stderr) == broken
