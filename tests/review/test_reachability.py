"""MSF8, over templates that are written here as CloudFormation would get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Fn, Stack, Stage, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_msk as msk

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import MsfChecks
from cdk_penstock.network import ApplicationVpc, AwsService
from cdk_penstock.review.reachability import job_reaches_what_it_calls
from cdk_penstock.review.templates import Template, Templates

if TYPE_CHECKING:
    from pathlib import Path

Body = dict[str, Any]

APP_GROUP = {"Fn::GetAtt": ["AppGroup", "GroupId"]}
TARGET_GROUP = {"Fn::GetAtt": ["TargetGroup", "GroupId"]}
EVERYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
NOWHERE = {"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}


def resource(kind: str, **properties: Any) -> Body:
    return {"Type": kind, "Properties": properties}


def application(**changed: Any) -> Body:
    place = {"SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}], "SecurityGroupIds": [APP_GROUP]}
    configuration = {
        "VpcConfigurations": [{**place, **changed}],
        "ApplicationCodeConfiguration": {
            "CodeContent": {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}}
        },
    }
    return resource(
        "AWS::KinesisAnalyticsV2::Application",
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole={"Fn::GetAtt": ["Role", "Arn"]},
        ApplicationConfiguration=configuration,
    )


def allow(action: str | list[str], on: Any = "arn:aws:any:::thing", **more: Any) -> Body:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def role(*statements: Body) -> Body:
    return resource("AWS::IAM::Role", Policies=[{"PolicyDocument": {"Statement": list(statements)}}])


def group(egress: list[Body] | None = None, ingress: list[Body] | None = None) -> Body:
    given = {"SecurityGroupEgress": egress, "SecurityGroupIngress": ingress}
    return resource("AWS::EC2::SecurityGroup", **{name: rules for name, rules in given.items() if rules is not None})


def network(**more: Body) -> dict[str, Body]:
    """Return an application in two private subnets of a VPC that lead nowhere."""
    resources: dict[str, Body] = {
        "App": application(),
        "AppGroup": group(egress=[EVERYWHERE]),
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    }
    for zone in "AB":
        resources |= {
            f"Subnet{zone}": resource("AWS::EC2::Subnet", VpcId={"Ref": "Vpc"}),
            f"Table{zone}": resource("AWS::EC2::RouteTable", VpcId={"Ref": "Vpc"}),
            f"Association{zone}": resource(
                "AWS::EC2::SubnetRouteTableAssociation",
                SubnetId={"Ref": f"Subnet{zone}"},
                RouteTableId={"Ref": f"Table{zone}"},
            ),
        }
    return resources | more


def interface(service: str = "kms", **changed: Any) -> Body:
    properties = {
        "VpcEndpointType": "Interface",
        "ServiceName": {"Fn::Join": ["", ["com.amazonaws.", {"Ref": "AWS::Region"}, f".{service}"]]},
        "VpcId": {"Ref": "Vpc"},
        "PrivateDnsEnabled": True,
        "SecurityGroupIds": [TARGET_GROUP],
    }
    return resource("AWS::EC2::VPCEndpoint", **{**properties, **changed})


def gateway(service: str = "s3", *tables: str) -> Body:
    return resource(
        "AWS::EC2::VPCEndpoint",
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.eu-west-1.{service}",
        VpcId={"Ref": "Vpc"},
        RouteTableIds=[{"Ref": table} for table in tables],
    )


def routes(**target: Any) -> dict[str, Body]:
    properties = {"DestinationCidrBlock": "0.0.0.0/0", **target}
    return {
        f"Route{zone}": resource("AWS::EC2::Route", RouteTableId={"Ref": f"Table{zone}"}, **properties) for zone in "AB"
    }


def https(**peer: Any) -> Body:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **peer}


def problems(resources: dict[str, Body], *others: Template) -> dict[str, str]:
    templates = Templates((Template("Stage/a.json", {"Resources": resources}, "Stage-A"), *others))
    return {f"MSF8[{each.subject}]": each.problem for each in job_reaches_what_it_calls(templates)}


AMP = role(allow("aps:RemoteWrite"))


def test_a_call_without_a_path_is_found() -> None:
    assert problems(network(Role=AMP)) == {
        "MSF8[aps-workspaces]": "the job may call aps:RemoteWrite, and its subnets have no interface endpoint with"
        " private DNS for aps-workspaces, and no NAT"
    }


def test_each_service_is_one_finding_with_its_first_actions() -> None:
    calls = role(allow(["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:A", "sqs:B"]), allow("sts:AssumeRole"))
    found = problems(network(Role=calls))
    assert set(found) == {"MSF8[sqs]", "MSF8[sts]"}
    assert "sqs:A, sqs:B, sqs:GetQueueUrl and 1 more" in found["MSF8[sqs]"]


@pytest.mark.parametrize(
    "target",
    [{"NatGatewayId": "nat"}, {"TransitGatewayId": "tgw", "DestinationCidrBlock": "10.0.0.0/8"}, {"InstanceId": "i"}],
)
def test_nat_is_a_path_and_so_is_a_route_that_may_lead_anywhere(target: Body) -> None:
    assert problems(network(Role=AMP, **routes(**target))) == {}


@pytest.mark.parametrize(
    "target", [{"GatewayId": "igw"}, {"NatGatewayId": "nat", "DestinationCidrBlock": "10.9.0.0/16"}]
)
def test_an_internet_gateway_and_a_partial_nat_route_are_not_a_path(target: Body) -> None:
    assert set(problems(network(Role=AMP, **routes(**target)))) == {"MSF8[aps-workspaces]"}


def test_nat_must_be_there_for_every_subnet() -> None:
    one_route = routes(NatGatewayId="nat")
    del one_route["RouteB"]
    assert set(problems(network(Role=AMP, **one_route))) == {"MSF8[aps-workspaces]"}


def test_nat_is_not_a_path_for_a_closed_security_group() -> None:
    found = problems(network(Role=AMP, AppGroup=group(egress=[NOWHERE]), **routes(NatGatewayId="nat")))
    assert found["MSF8[aps-workspaces]"].endswith("its security groups do not let port 443 out")
    to_itself = [https(DestinationSecurityGroupId=APP_GROUP)]
    assert problems(network(Role=AMP, AppGroup=group(egress=to_itself), **routes(NatGatewayId="nat"))) != {}


def with_endpoint(app_group: Body, target_group: Body, **changed: Any) -> dict[str, Body]:
    endpoint = interface("aps-workspaces", **changed)
    return network(Role=AMP, AppGroup=app_group, TargetGroup=target_group, Endpoint=endpoint)


OPEN = group(egress=[EVERYWHERE])
FROM_VPC = group(ingress=[https(CidrIp={"Fn::GetAtt": ["Vpc", "CidrBlock"]})])


def test_an_interface_endpoint_is_a_path() -> None:
    assert problems(with_endpoint(OPEN, FROM_VPC)) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"PrivateDnsEnabled": False},
        {"PrivateDnsEnabled": None},
        {"VpcId": "vpc-other"},
        {"ServiceName": "com.amazonaws.eu-west-1.aps"},
    ],
)
def test_an_endpoint_without_the_services_name_is_not_a_path(changed: Body) -> None:
    assert set(problems(with_endpoint(OPEN, FROM_VPC, **changed))) == {"MSF8[aps-workspaces]"}


@pytest.mark.parametrize(
    ("app_group", "target_group", "reached"),
    [
        (group(), FROM_VPC, True),
        (group(egress=[https(DestinationSecurityGroupId=TARGET_GROUP)]), FROM_VPC, True),
        (group(egress=[https(DestinationPrefixListId="pl-1")]), FROM_VPC, True),
        (group(egress=[https(DestinationSecurityGroupId=APP_GROUP)]), FROM_VPC, False),
        (group(egress=[https(DestinationSecurityGroupId="sg-imported")]), FROM_VPC, True),
        (group(egress=[NOWHERE]), FROM_VPC, False),
        (group(egress=[{"IpProtocol": "udp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]), FROM_VPC, False),
        (group(egress=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 442, "CidrIp": "0.0.0.0/0"}]), FROM_VPC, False),
        (group(egress=[{"IpProtocol": "tcp", "FromPort": {"Ref": "P"}, "CidrIp": "0.0.0.0/0"}]), FROM_VPC, True),
        (group(egress=[{"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}]), FROM_VPC, False),
        (OPEN, group(ingress=[https(SourceSecurityGroupId=APP_GROUP)]), True),
        (OPEN, group(ingress=[https(SourceSecurityGroupId=TARGET_GROUP)]), False),
        (OPEN, group(), False),
    ],
)
def test_security_groups_decide_whether_an_endpoint_is_reached(
    app_group: Body, target_group: Body, reached: bool
) -> None:
    found = problems(with_endpoint(app_group, target_group))
    assert (found == {}) == reached
    assert reached or found["MSF8[aps-workspaces]"].endswith(
        "security groups do not let port 443 through to the endpoint for aps-workspaces"
    )


@pytest.mark.parametrize(
    ("resources", "fix"),
    [
        (network(Role=AMP), "add the endpoint, in an ApplicationVpc with add_endpoint"),
        (network(Role=AMP, Endpoint=interface("aps-workspaces", PrivateDnsEnabled=False)), "turn on its private DNS"),
        (with_endpoint(OPEN, group()), "to that of the endpoint, in both groups"),
        (
            network(Role=role(allow("s3:GetObject")), S3=gateway("s3", "TableA")),
            "put the endpoint into the route tables of its subnets",
        ),
        (
            network(Role=AMP, AppGroup=group(egress=[NOWHERE]), **routes(NatGatewayId={"Ref": "Nat"})),
            "let its security group out to port 443",
        ),
    ],
)
def test_the_fix_names_only_the_missing_part(resources: dict[str, Body], fix: str) -> None:
    templates = Templates((Template("Stage/a.json", {"Resources": resources}),))
    (found,) = job_reaches_what_it_calls(templates)
    assert fix in found.fix
    assert ("add the endpoint" in found.fix) == fix.startswith("add")


def test_a_rule_beside_the_group_counts_like_one_inside() -> None:
    rule = resource("AWS::EC2::SecurityGroupIngress", GroupId=TARGET_GROUP, **https(SourceSecurityGroupId=APP_GROUP))
    assert problems(with_endpoint(OPEN, group()) | {"Rule": rule}) == {}


def test_security_groups_that_are_imported_are_not_judged() -> None:
    resources = with_endpoint(OPEN, FROM_VPC, SecurityGroupIds=["sg-imported"])
    resources["App"] = application(SecurityGroupIds=["sg-other"])
    assert problems(resources) == {}
    assert problems(with_endpoint(OPEN, FROM_VPC, SecurityGroupIds=None)) == {}


def test_a_gateway_endpoint_must_be_in_the_route_tables_of_all_subnets() -> None:
    reads = role(allow("s3:GetObject", "arn:aws:s3:::archive/*"))
    assert problems(network(Role=reads, Endpoint=gateway("s3", "TableA", "TableB"))) == {}
    for tables in (["TableA"], [], ["TableB"]):
        found = problems(network(Role=reads, Endpoint=gateway("s3", *tables)))
        assert "no gateway endpoint in the route tables for s3" in found["MSF8[s3]"]
    closed = network(Role=reads, AppGroup=group(egress=[NOWHERE]), Endpoint=gateway("s3", "TableA", "TableB"))
    assert set(problems(closed)) == {"MSF8[s3]"}


@pytest.mark.parametrize(
    "for_msf",
    [
        allow("s3:GetObject", "arn:aws:s3:::code/job.zip"),
        allow(
            "kms:Decrypt", {"Ref": "Key"}, Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
        ),
        allow("logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/msf/app:log-stream:s"),
        allow("logs:DescribeLogGroups", "*"),
        allow(
            "cloudwatch:PutMetricData",
            "*",
            Condition={"StringEquals": {"cloudwatch:namespace": "AWS/KinesisAnalytics"}},
        ),
        allow("ec2:CreateNetworkInterface", "*"),
        {**allow("aps:RemoteWrite"), "Effect": "Deny"},
        allow("*", "*"),
    ],
)
def test_calls_of_msf_itself_need_no_path_through_the_vpc(for_msf: Body) -> None:
    option = resource(
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        ApplicationName={"Ref": "App"},
        CloudWatchLoggingOption={"LogStreamARN": "arn:aws:logs:eu-west-1:1:log-group:/msf/app:log-stream:s"},
    )
    other = resource("AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption", ApplicationName="other")
    key = resource("AWS::KMS::Key")
    assert problems(network(Role=role(for_msf), Option=option, Other=other, Key=key)) == {}


def test_calls_of_the_job_like_those_of_msf_need_a_path() -> None:
    own = role(
        allow("s3:GetObject", "arn:aws:s3:::code/reference.csv"),
        allow("logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/audit:*"),
        allow("cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": "Fleet"}}),
    )
    assert set(problems(network(Role=own))) == {"MSF8[s3]", "MSF8[logs]", "MSF8[monitoring]"}


def test_kms_is_called_by_the_service_that_a_key_encrypts_for() -> None:
    decrypts = role(allow("kms:Decrypt", {"Fn::GetAtt": ["Key", "Arn"]}))
    key = resource("AWS::KMS::Key")
    stream = resource("AWS::Kinesis::Stream", StreamEncryption={"KeyId": {"Ref": "Key"}})
    alias = resource("AWS::KMS::Alias", TargetKeyId={"Ref": "Key"})
    assert problems(network(Role=decrypts, Key=key, Stream=stream)) == {}
    assert set(problems(network(Role=decrypts, Key=key, Alias=alias))) == {"MSF8[kms]"}
    assert problems(network(Role=role(allow("kms:Decrypt", "arn:aws:kms:::key/imported")))) == {}


def test_an_unknown_service_needs_an_endpoint_with_a_similar_name() -> None:
    calls = role(allow(["bedrock:InvokeModel", "rds-db:connect", "ec2:DescribeVpcs", "iam:PassRole"]))
    (found,) = problems(network(Role=calls)).items()
    assert found == (
        "MSF8[bedrock]",
        "the job may call bedrock:InvokeModel, and its subnets have no endpoint with a name like bedrock, and no NAT",
    )
    assert problems(network(Role=calls, Endpoint=interface("bedrock-runtime"))) == {}
    assert problems(network(Role=calls, **routes(NatGatewayId="nat"))) == {}
    elsewhere = interface("bedrock-runtime", VpcId="vpc-other")
    assert set(problems(network(Role=calls, Endpoint=elsewhere))) == {"MSF8[bedrock]"}


def test_all_actions_and_all_but_some_are_not_judged() -> None:
    everything_but = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert problems(network(Role=role(allow("*", "*"), everything_but))) == {}


@pytest.mark.parametrize("kind", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"])
def test_policies_that_are_attached_to_the_role_count(kind: str) -> None:
    policy = resource(kind, Roles=[{"Ref": "Role"}], PolicyDocument={"Statement": allow("sts:AssumeRole")})
    assert set(problems(network(Role=role(), Policy=policy))) == {"MSF8[sts]"}
    policy["Properties"]["Roles"] = [{"Ref": "OtherRole"}]
    assert problems(network(Role=role(), Policy=policy)) == {}


def test_a_managed_policy_that_the_role_names_counts() -> None:
    policy = resource("AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": allow("sts:AssumeRole")})
    named = resource("AWS::IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/Other", {"Ref": "Policy"}])
    assert set(problems(network(Role=named, Policy=policy))) == {"MSF8[sts]"}


def test_resources_outside_the_templates_are_not_judged() -> None:
    imported = network(Role=AMP, App=application(SubnetIds=["subnet-1", "subnet-2"]))
    assert problems(imported) == {}
    half = network(Role=AMP, App=application(SubnetIds=[{"Ref": "SubnetA"}, "subnet-2"]))
    assert problems(half) == {}
    in_imported_vpc = network(Role=AMP, SubnetA=resource("AWS::EC2::Subnet", VpcId="vpc-1"))
    assert problems(in_imported_vpc) == {}
    no_role = network()
    assert problems(no_role) == {}


def test_an_application_in_no_vpc_is_not_judged() -> None:
    outside = application()
    del outside["Properties"]["ApplicationConfiguration"]["VpcConfigurations"]
    assert problems(network(Role=AMP, App=outside)) == {}


CLUSTERS: dict[str, Body] = {
    "provisioned": resource(
        "AWS::MSK::Cluster",
        BrokerNodeGroupInfo={"ClientSubnets": [{"Ref": "SubnetA"}], "SecurityGroups": [TARGET_GROUP]},
    ),
    "serverless": resource(
        "AWS::MSK::ServerlessCluster",
        VpcConfigs=[{"SubnetIds": [{"Ref": "SubnetA"}], "SecurityGroups": [TARGET_GROUP]}],
    ),
}


def kafka(port: int) -> Body:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "SourceSecurityGroupId": APP_GROUP}


@pytest.mark.parametrize("kind", CLUSTERS)
@pytest.mark.parametrize(("port", "reached"), [(9098, True), (9094, False)])
def test_a_cluster_is_reached_on_the_port_of_iam(kind: str, port: int, reached: bool) -> None:
    topic = {"Fn::Join": ["/", [{"Fn::Select": [1, {"Fn::Split": [":", {"Fn::GetAtt": ["Cluster", "Arn"]}]}]}, "t"]]}
    reads = role(allow("kafka-cluster:Connect", {"Ref": "Cluster"}), allow("kafka-cluster:ReadData", topic))
    found = problems(network(Role=reads, Cluster=CLUSTERS[kind], TargetGroup=group(ingress=[kafka(port)])))
    assert (found == {}) == reached
    assert reached or found == {
        "MSF8[kafka-cluster]": "the job may use Cluster, and security groups do not let port 9098 through"
    }


def test_nat_does_not_open_a_clusters_security_group() -> None:
    reads = role(allow("kafka-cluster:Connect", {"Ref": "Cluster"}))
    resources = network(Role=reads, Cluster=CLUSTERS["serverless"], TargetGroup=group(), **routes(NatGatewayId="nat"))
    assert set(problems(resources)) == {"MSF8[kafka-cluster]"}


def test_the_clusters_of_other_vpcs_are_not_judged() -> None:
    reads = role(allow("kafka-cluster:Connect", {"Ref": "Cluster"}))
    elsewhere = {
        "Cluster": CLUSTERS["serverless"]
        | resource("AWS::MSK::ServerlessCluster", VpcConfigs=[{"SubnetIds": [{"Ref": "Far"}], "SecurityGroups": []}]),
        "Far": resource("AWS::EC2::Subnet", VpcId={"Ref": "OtherVpc"}),
        "OtherVpc": resource("AWS::EC2::VPC"),
    }
    assert problems(network(Role=reads, **elsewhere)) == {}


def test_a_domain_is_reached_inside_the_vpc_or_through_nat() -> None:
    writes = role(allow("es:ESHttpPost", {"Fn::GetAtt": ["Domain", "Arn"]}))
    place = {"SubnetIds": [{"Ref": "SubnetA"}], "SecurityGroupIds": [TARGET_GROUP]}
    inside = resource("AWS::OpenSearchService::Domain", VPCOptions=place)
    outside = resource("AWS::OpenSearchService::Domain")
    open_group = group(ingress=[https(SourceSecurityGroupId=APP_GROUP)])
    assert problems(network(Role=writes, Domain=inside, TargetGroup=open_group)) == {}
    assert "port 443" in problems(network(Role=writes, Domain=inside, TargetGroup=group()))["MSF8[es]"]
    assert "in no VPC" in problems(network(Role=writes, Domain=outside))["MSF8[es]"]
    assert problems(network(Role=writes, Domain=outside, **routes(NatGatewayId="nat"))) == {}


def in_another_stack(name: str) -> Body:
    return {"Fn::GetStackOutput": {"StackName": "Stage-B", "Region": {"Ref": "AWS::Region"}, "OutputName": name}}


def test_weak_references_are_followed_within_their_stage_only() -> None:
    calls = network(Role=role(allow("sts:AssumeRole")))
    far = {name: calls.pop(name) for name in list(calls) if name.startswith(("Subnet", "Vpc"))}
    outputs = {name: {"Value": {"Ref": name}} for name in far}
    subnets = [in_another_stack("SubnetA"), in_another_stack("SubnetB")]
    calls["App"] = application(SubnetIds=subnets)
    other = {"Resources": far, "Outputs": outputs}
    assert set(problems(calls, Template("Stage/b.json", other, "Stage-B"))) == {"MSF8[sts]"}
    assert problems(calls, Template("OtherStage/b.json", other, "Stage-B")) == {}
    assert problems(calls, Template("Stage/b.json", other, "Stage-C")) == {}
    assert problems(calls, Template("Stage/b.json", {"Resources": far}, "Stage-B")) == {}


def pipeline(app: App, job_zip: Path, *, complete: bool) -> None:
    """Build network, streams and job as the stacks of one Stage, under the weak references of cdk.json."""
    stage = Stage(app, "Prod")
    network_stack, streams, processing = (Stack(stage, name) for name in ("Network", "Streams", "Processing"))
    vpc = ApplicationVpc(network_stack, "Network")
    stream = kinesis.Stream(streams, "Stream", encryption=kinesis.StreamEncryption.KMS)
    brokers = ec2.SecurityGroup(streams, "Brokers", vpc=vpc.vpc, allow_all_outbound=False)
    cluster = msk.CfnServerlessCluster(
        streams,
        "Cluster",
        cluster_name="events",
        client_authentication={"sasl": {"iam": {"enabled": True}}},
        vpc_configs=[
            {
                "subnetIds": vpc.vpc.select_subnets(subnet_group_name="Application").subnet_ids,
                "securityGroups": [brokers.security_group_id],
            }
        ],
    )
    job = FlinkApplication(
        processing,
        "Job",
        code=ApplicationCode.from_asset(job_zip),
        application_name="clicks",
        vpc=vpc.vpc,
        vpc_subnets=vpc.application_subnets,
    )
    stream.grant_read(job)
    topics = Fn.select(1, Fn.split("/", cluster.attr_arn))
    job.role.allow("Connect", actions=["kafka-cluster:Connect"], resources=[cluster.attr_arn])
    job.role.allow("Read", actions=["kafka-cluster:ReadData"], resources=[f"arn:aws:kafka:::topic/{topics}/events"])
    if complete:
        vpc.add_endpoint(AwsService.KINESIS_STREAMS)
        job.connections.allow_to(brokers, ec2.Port.tcp(9098), "Kafka with IAM")


@pytest.mark.parametrize("context", ["weak", "strong"])
def test_a_pipeline_of_several_stacks_is_checked_as_a_whole(
    job_zip: Path, cdk_context: dict[str, Any], context: str
) -> None:
    app = App(context={**cdk_context, "@aws-cdk/core:defaultCrossStackReferences": context})
    pipeline(app, job_zip, complete=False)
    Validations.of(app).add_plugins(MsfChecks())
    with pytest.raises(RuntimeError) as error:
        app.synth()
    for found in ("MSF8[kinesis-streams]", "MSF8[kafka-cluster]"):
        assert found in str(error.value)
    for not_found in ("MSF8[s3]", "MSF8[kms]", "MSF8[logs]", "MSF8[monitoring]"):
        assert not_found not in str(error.value)


@pytest.mark.parametrize("context", ["weak", "strong"])
def test_a_pipeline_that_is_connected_passes(job_zip: Path, cdk_context: dict[str, Any], context: str) -> None:
    app = App(context={**cdk_context, "@aws-cdk/core:defaultCrossStackReferences": context})
    pipeline(app, job_zip, complete=True)
    Validations.of(app).add_plugins(MsfChecks())
    app.synth()
