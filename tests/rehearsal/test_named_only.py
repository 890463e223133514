"""Resources in name only: ids, ARNs and attributes as AWS gives them, the same in each rehearsal."""

from __future__ import annotations

import gzip
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.policies.matching import arn_matches
from cdk_penstock.rehearsal.providers.arn_forms import arn_form
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.providers.resource_identity import identity_of
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.review.execution.resource_arns import FORMS
from tests.rehearsal.provider_bench import ACCOUNT, REGION, ProviderBench, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Made

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/clicks/11111111-2222-3333-4444-555555555555-6"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
TYPES = json.loads(
    gzip.decompress(files("cdk_penstock.rehearsal.template").joinpath("resource_types.json.gz").read_bytes())
)["types"]


@pytest.fixture
def bench(tmp_path: Path) -> ProviderBench:
    return ProviderBench(tmp_path)


HERE = f"{REGION}:{ACCOUNT}"


@pytest.mark.parametrize(
    ("kind", "properties", "ref", "arn"),
    [
        ("APS::Workspace", {}, None, f"arn:aws:aps:{HERE}:workspace/ws-{UUID}"),
        (
            "APS::RuleGroupsNamespace",
            {"Name": "job", "Workspace": f"arn:aws:aps:{HERE}:workspace/ws-1"},
            None,
            f"arn:aws:aps:{HERE}:rulegroupsnamespace/ws-1/job",
        ),
        ("CloudWatch::Alarm", {}, "Clicks-Thing-[0-9A-F]{12}", None),
        ("CloudWatch::Alarm", {"AlarmName": "down"}, "down", f"arn:aws:cloudwatch:{HERE}:alarm:down"),
        ("DynamoDB::Table", {"TableName": "t"}, "t", f"arn:aws:dynamodb:{HERE}:table/t"),
        ("EC2::FlowLog", {}, "fl-0[0-9a-f]{16}", f"arn:aws:ec2:{HERE}:vpc-flow-log/fl-0[0-9a-f]{{16}}"),
        ("EC2::RouteTable", {}, "rtb-0[0-9a-f]{16}", None),
        ("EC2::SecurityGroup", {}, "sg-0[0-9a-f]{16}", f"arn:aws:ec2:{HERE}:security-group/sg-.*"),
        ("EC2::SecurityGroupIngress", {}, "sgr-0[0-9a-f]{16}", None),
        ("EC2::Subnet", {}, "subnet-0[0-9a-f]{16}", f"arn:aws:ec2:{HERE}:subnet/subnet-.*"),
        ("EC2::SubnetRouteTableAssociation", {}, "rtbassoc-0[0-9a-f]{16}", ""),
        ("EC2::VPC", {}, "vpc-0[0-9a-f]{16}", f"arn:aws:ec2:{HERE}:vpc/vpc-0[0-9a-f]{{16}}"),
        ("EC2::VPCEndpoint", {}, "vpce-0[0-9a-f]{16}", None),
        ("Events::Rule", {"Name": "r"}, "r", f"arn:aws:events:{HERE}:rule/r"),
        ("Grafana::Workspace", {}, "g-[0-9a-f]{10}", f"arn:aws:grafana:{HERE}:/workspaces/g-.*"),
        ("IAM::ManagedPolicy", {"Path": "/a/"}, None, f"arn:aws:iam::{ACCOUNT}:policy/a/Clicks-Thing-[0-9A-F]{{12}}"),
        ("IAM::Role", {"RoleName": "r", "Path": "/a/"}, "r", f"arn:aws:iam::{ACCOUNT}:role/a/r"),
        ("Kinesis::Stream", {"Name": "clicks"}, "clicks", STREAM),
        ("Kinesis::StreamConsumer", {"StreamARN": STREAM, "ConsumerName": "job"}, None, f"{STREAM}/consumer/job:\\d+"),
        ("KinesisFirehose::DeliveryStream", {"DeliveryStreamName": "d"}, "d", None),
        ("Lambda::Function", {}, "Clicks-Thing-[0-9A-F]{12}", f"arn:aws:lambda:{HERE}:function:Clicks-Thing-.*"),
        ("Lambda::Version", {"FunctionName": "f"}, None, f"arn:aws:lambda:{HERE}:function:f:1"),
        ("Lambda::Alias", {"FunctionName": "f", "Name": "a"}, None, f"arn:aws:lambda:{HERE}:function:f:a"),
        ("Logs::LogGroup", {"LogGroupName": "/g"}, "/g", f"arn:aws:logs:{HERE}:log-group:/g"),
        ("Logs::LogStream", {"LogGroupName": "/g", "LogStreamName": "s"}, "s", ""),
        ("MSK::Cluster", {"ClusterName": "c"}, None, f"arn:aws:kafka:{HERE}:cluster/c/{UUID}-\\d"),
        ("MSK::Configuration", {"Name": "c"}, None, f"arn:aws:kafka:{HERE}:configuration/c/{UUID}-\\d"),
        ("MSK::Topic", {"ClusterArn": CLUSTER, "TopicName": "t"}, None, f"{CLUSTER.replace(':cluster/', ':topic/')}/t"),
        ("OpenSearchService::Domain", {}, "clicks-thing-[0-9a-f]{12}", f"arn:aws:es:{HERE}:domain/clicks-.*"),
        ("S3::Bucket", {}, "clicks-thing-[0-9a-f]{12}", "arn:aws:s3:::clicks-thing-[0-9a-f]{12}"),
        ("SNS::Topic", {"TopicName": "alarms"}, None, TOPIC),
        ("SNS::Subscription", {"TopicArn": TOPIC}, None, f"{TOPIC}:{UUID}"),
        ("SQS::Queue", {"QueueName": "q"}, f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/q", f"arn:aws:sqs:{HERE}:q"),
        ("SSM::Parameter", {"Name": "/a/b"}, "/a/b", f"arn:aws:ssm:{HERE}:parameter/a/b"),
        ("Scheduler::Schedule", {"Name": "s"}, "s", f"arn:aws:scheduler:{HERE}:schedule/default/s"),
        ("StepFunctions::StateMachine", {"StateMachineName": "m"}, None, f"arn:aws:states:{HERE}:stateMachine:m"),
        (
            "ApplicationAutoScaling::ScalableTarget",
            {"ResourceId": "r", "ScalableDimension": "d", "ServiceNamespace": "n"},
            r"r\|d\|n",
            None,
        ),
    ],
)
def test_references_and_arns_have_the_form_of_their_type(
    kind: str, properties: dict[str, Any], ref: str | None, arn: str | None
) -> None:
    identity = identity_of(wanted(f"AWS::{kind}", **properties))
    if arn is not None:
        assert re.fullmatch(arn, identity.arn), identity.arn
    assert re.fullmatch(ref or re.escape(identity.arn), identity.physical_id), identity.physical_id


@pytest.mark.parametrize(
    ("kind", "attribute", "form"),
    [
        ("APS::Workspace", "PrometheusEndpoint", f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/ws-.*/"),
        ("EC2::VPC", "DefaultSecurityGroup", "sg-0[0-9a-f]{16}"),
        ("EC2::SecurityGroup", "GroupId", "sg-0[0-9a-f]{16}"),
        ("EC2::VPC", "VpcId", "vpc-0[0-9a-f]{16}"),
        ("Grafana::Workspace", "Endpoint", rf"g-[0-9a-f]{{10}}\.grafana-workspace\.{REGION}\.amazonaws\.com"),
        ("IAM::Role", "RoleId", "AROA[0-9A-F]{17}"),
        ("Logs::LogGroup", "Arn", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:Clicks-Thing-[0-9A-F]{{12}}:\\*"),
        ("MSK::Configuration", "LatestRevision.Revision", "1"),
        ("RDS::DBInstance", "Endpoint.Address", r"clicks-thing-.*\.amazonaws\.com"),
        ("S3::Bucket", "RegionalDomainName", rf"clicks-thing-[0-9a-f]{{12}}\.s3\.{REGION}\.amazonaws\.com"),
        ("SNS::Topic", "TopicName", "Clicks-Thing-[0-9A-F]{12}"),
    ],
)
def test_attributes_have_the_form_of_their_type(bench: ProviderBench, kind: str, attribute: str, form: str) -> None:
    made = in_name_only(bench, f"AWS::{kind}")
    assert re.fullmatch(form, str(made.attributes[attribute])), made.attributes[attribute]


def in_name_only(bench: ProviderBench, kind: str, logical_id: str = "Thing", **properties: Any) -> Made:
    required = dict.fromkeys(TYPES.get(kind, {}).get("required", ()), "x")
    return NamedOnly(bench.world).create(wanted(kind, logical_id, **{**required, **properties}))


def test_every_type_of_aws_has_a_reference_and_all_attributes(bench: ProviderBench) -> None:
    for kind, parts in TYPES.items():
        made = in_name_only(bench, kind)
        assert made.physical_id, kind
        asked = [path.replace("/", ".") for path in parts.get("read_only", ()) if "*" not in path]
        assert [name for name in asked if made.attributes.get(name) in (None, "")] == [], kind


def test_a_type_of_somebody_else_exists_by_name(bench: ProviderBench) -> None:
    made = in_name_only(bench, "Company::Service::Thing")
    assert re.fullmatch("Clicks-Thing-[0-9A-F]{12}", made.physical_id)
    assert bench.not_proven(wanted("Company::Service::Thing")) == (
        "nothing of its effect is modelled; the type Company::Service::Thing is not known here"
    )


def test_two_rehearsals_give_the_same_names_and_two_resources_different_ones(tmp_path: Path) -> None:
    first, second = ProviderBench(tmp_path / "1"), ProviderBench(tmp_path / "2")
    assert in_name_only(first, "AWS::EC2::VPC") == in_name_only(second, "AWS::EC2::VPC")
    assert in_name_only(first, "AWS::EC2::VPC", "Other").physical_id != identity_of(wanted("AWS::EC2::VPC")).physical_id


def test_the_resource_that_replaces_another_has_a_different_name(bench: ProviderBench) -> None:
    before = in_name_only(bench, "AWS::SNS::Topic")
    after = in_name_only(bench, "AWS::SNS::Topic", FifoTopic=True)
    assert after.physical_id != before.physical_id
    assert {before.physical_id, after.physical_id} == set(bench.world.records)


def test_long_names_of_different_resources_differ_within_the_limit_of_their_type() -> None:
    for kind, longest in (
        ("AWS::Lambda::Function", 64),
        ("AWS::S3::Bucket", 63),
        ("AWS::OpenSearchService::Domain", 28),
    ):
        names = [identity_of(wanted(kind, f"{'Long' * 20}{number}")).name for number in range(3)]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= longest


def test_a_name_that_is_taken_is_refused(bench: ProviderBench) -> None:
    in_name_only(bench, "AWS::SNS::Topic", TopicName="alarms")
    with pytest.raises(ResourceFailedError, match="with identifier 'arn:aws:sns:.*:alarms' already exists"):
        in_name_only(bench, "AWS::SNS::Topic", "Second", TopicName="alarms")


def test_a_missing_property_is_refused(bench: ProviderBench) -> None:
    with pytest.raises(
        ResourceFailedError, match=r"resource Topic with message: #: required key \[ClusterArn\] not found"
    ):
        bench.create(wanted("AWS::MSK::Topic", "Topic", TopicName="t"))


def test_its_record_is_found_by_arn_until_it_is_deleted(bench: ProviderBench) -> None:
    cluster = bench.create(
        wanted("AWS::MSK::Cluster", BrokerNodeGroupInfo={}, KafkaVersion="3.9", NumberOfBrokerNodes=3, ClusterName="c")
    )
    record = bench.world.records[cluster.made.physical_id]
    assert (record.type, record.name, record.properties["NumberOfBrokerNodes"]) == ("AWS::MSK::Cluster", "c", 3)
    bench.update(cluster, wanted("AWS::MSK::Cluster", **{**cluster.wanted.properties, "NumberOfBrokerNodes": 6}))
    assert bench.world.records[cluster.made.physical_id].properties["NumberOfBrokerNodes"] == 6
    bench.delete(cluster)
    assert not bench.world.records


def test_a_key_of_a_service_that_is_not_modelled_is_named(bench: ProviderBench) -> None:
    topic = wanted("AWS::SNS::Topic", KmsMasterKeyId="key-1")
    assert bench.not_proven(topic).endswith("its service's use of the key key-1 is not judged")
    cluster = wanted("AWS::MSK::Cluster", EncryptionInfo={"EncryptionAtRest": {"DataVolumeKMSKeyId": "key-2"}})
    assert "key-2 is not judged" in bench.not_proven(cluster)
    assert "key" not in bench.not_proven(wanted("AWS::SNS::Topic", KmsMasterKeyId="alias/aws/sns"))


def test_an_assumed_form_of_an_arn_is_named(bench: ProviderBench) -> None:
    assert "form of its ARN is assumed" in bench.not_proven(wanted("AWS::AppSync::GraphQLApi"))
    assert "assumed" not in bench.not_proven(wanted("AWS::SNS::Topic"))


def test_the_arn_of_a_type_is_one_that_a_policy_for_it_names() -> None:
    for kind in FORMS:
        form, is_assumed = arn_form(kind)
        assert not is_assumed
        if form and "Arn}" not in form and "ARN}" not in form and "end of" not in form:
            arn = identity_of(wanted(kind, Name="n")).arn
            patterns = [
                pattern.format_map(
                    AnyName(partition="aws", region=REGION, account=ACCOUNT, Path="/", GroupName="default")
                )
                for pattern in FORMS[kind]
                if not pattern.startswith("@")
            ]
            is_scaling_policy = kind == "AWS::ApplicationAutoScaling::ScalingPolicy"
            assert is_scaling_policy or any(arn_matches(pattern, arn) for pattern in patterns), (kind, arn)


class AnyName(dict[str, str]):
    """Values of placeholders: a wildcard for every name."""

    def __missing__(self, _: str) -> str:
        return "*"
