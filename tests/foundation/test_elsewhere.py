"""Imports from other accounts and Regions: what is refused, and what the other account is told to allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption, KeyGuard
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.kafka_rules import client_ports
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import DashboardWorkspace, MetricsWorkspace
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose.delivery_source import DeliverySource
from cdk_penstock.sinks.firehose.delivery_to_s3 import DeliveryToS3
from cdk_penstock.sinks.search import SearchDomain
from cdk_penstock.streams.kafka import KafkaTopic, ProvisionedKafkaCluster, ServerlessKafkaCluster
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.observability import IMetricsWorkspace

HERE, ELSEWHERE = "111122223333", "999988887777"
REGION, OTHER_REGION = "eu-central-1", "us-east-1"
SERVERS = "b-1.clicks.vpc.kafka.eu-central-1.amazonaws.com:14001,b-2.clicks.vpc.kafka.eu-central-1.amazonaws.com:14002"


def new_stack(*, known: bool = True) -> Stack:
    return Stack(App(), "Stack", env=Environment(account=HERE, region=REGION) if known else None)


def role_in(stack: Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))


def warnings(stack: Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [text for entry in found if "[ack: penstock:otherAccount]" in (text := str(entry.entry.data))]


def key(stack: Stack, account: str = HERE, region: str = REGION) -> kms.IKey:
    return kms.Key.from_key_arn(
        stack, "Key", f"arn:aws:kms:{region}:{account}:key/0a1b2c3d-0000-0000-0000-000000000000"
    )


def stream_arn(account: str, region: str = REGION) -> str:
    return f"arn:aws:kinesis:{region}:{account}:stream/clicks"


def cluster_arn(account: str, region: str = REGION) -> str:
    return f"arn:aws:kafka:{region}:{account}:cluster/clicks/0a1b2c3d-1"


def read_stream(stack: Stack, account: str) -> None:
    EventStream.from_stream_arn(stack, "Clicks", stream_arn(account)).grant_read(role_in(stack))


def write_stream_with_key(stack: Stack, account: str) -> None:
    stream = EventStream.from_stream_arn(stack, "Clicks", stream_arn(account), encryption_key=key(stack, account))
    stream.grant_write(role_in(stack))


def import_cluster(stack: Stack, account: str) -> None:
    ProvisionedKafkaCluster.from_cluster_arn(
        stack, "Kafka", cluster_arn(account), security_groups=[], bootstrap_servers=SERVERS
    )


def import_serverless(stack: Stack, account: str) -> None:
    ServerlessKafkaCluster.from_cluster_arn(
        stack, "Kafka", cluster_arn(account), security_groups=[], bootstrap_servers="boot-1.kafka.amazonaws.com:9098"
    )


def workspace(stack: Stack, account: str = HERE, region: str = REGION) -> IMetricsWorkspace:
    arn = f"arn:aws:aps:{region}:{account}:workspace/ws-0a1b2c3d-0000-0000-0000-000000000000"
    return MetricsWorkspace.from_workspace_arn(stack, "Metrics", arn)


def write_metrics(stack: Stack, account: str) -> None:
    workspace(stack, account).grant_remote_write(role_in(stack))


def query_metrics(stack: Stack, account: str) -> None:
    workspace(stack, account).grant_query(role_in(stack))


def write_index(stack: Stack, account: str) -> None:
    domain = SearchDomain.from_domain_attributes(
        stack,
        "Search",
        domain_arn=f"arn:aws:es:{REGION}:{account}:domain/trips",
        domain_endpoint="vpc-trips.example.com",
    )
    domain.grant_index_write(role_in(stack), "trips")


def archive_key(stack: Stack, account: str) -> None:
    archive = ArchiveBucket.from_bucket_name(stack, "Archive", "raw", encryption_key=key(stack, account))
    archive.grant_read(role_in(stack), "raw/")


def code(stack: Stack, account: str) -> None:
    bucket = s3.Bucket.from_bucket_attributes(stack, "Code", bucket_name="code", account=account, region=REGION)
    FlinkApplication(
        stack,
        "App",
        application_name="clicks",
        code=ApplicationCode.from_bucket(bucket, "job.jar", object_version="1"),
    )


def deliver(stack: Stack, account: str) -> None:
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="raw", account=account, region=REGION, encryption_key=key(stack, account)
    )
    source = DeliverySource.kinesis_stream(kinesis.Stream.from_stream_arn(stack, "Source", stream_arn(account)))
    DeliveryToS3(stack, "Delivery", bucket=bucket, source=source, delivery_stream_name="clicks")


OPENED: dict[Callable[[Stack, str], None], list[str]] = {
    read_stream: ["kinesis:PutResourcePolicy", "kinesis:GetRecords", stream_arn(ELSEWHERE), "customer managed key"],
    write_stream_with_key: ["kinesis:PutRecords", "the policy of its key", "kms:GenerateDataKey"],
    import_cluster: ["kafka:PutClusterPolicy", "kafka-cluster:Connect", cluster_arn(ELSEWHERE)],
    import_serverless: ["kafka:PutClusterPolicy", cluster_arn(ELSEWHERE)],
    write_metrics: ["aps:PutResourcePolicy", "aps:RemoteWrite", f"{ELSEWHERE}:workspace/ws-"],
    query_metrics: ["aps:PutResourcePolicy", "aps:QueryMetrics"],
    write_index: ["its access policy", "es:ESHttpPost", f"{ELSEWHERE}:domain/trips/*"],
    archive_key: ["the policy of its key", "kms:Decrypt", f"{ELSEWHERE}:key/"],
    code: ["s3:GetObject", "arn:aws:s3:::code/job.jar"],
    deliver: [
        "its bucket policy",
        "s3:PutObject",
        "arn:aws:s3:::raw/raw/year=*",
        "the policy of its key",
        "kinesis:GetRecords",
    ],
}


@pytest.mark.parametrize("use", OPENED)
def test_a_warning_says_what_another_account_has_to_allow(use: Callable[[Stack, str], None]) -> None:
    stack = new_stack()
    use(stack, ELSEWHERE)
    found = "\n".join(warnings(stack))
    assert [part for part in [f"account {ELSEWHERE}", *OPENED[use]] if part not in found] == []
    assert "Token[" not in found


@pytest.mark.parametrize("use", OPENED)
def test_a_resource_of_the_same_account_gives_no_warning(use: Callable[[Stack, str], None]) -> None:
    stack = new_stack()
    use(stack, HERE)
    assert warnings(stack) == []


@pytest.mark.parametrize("use", OPENED)
def test_of_an_account_that_only_the_deployment_knows_nothing_is_said(use: Callable[[Stack, str], None]) -> None:
    stack = new_stack(known=False)
    use(stack, ELSEWHERE)
    assert warnings(stack) == []


def test_a_role_of_the_other_account_needs_nothing_of_it() -> None:
    stack = new_stack()
    role = iam.Role.from_role_arn(stack, "Role", f"arn:aws:iam::{ELSEWHERE}:role/reader")
    EventStream.from_stream_arn(stack, "Clicks", stream_arn(ELSEWHERE)).grant_read(role)
    assert warnings(stack) == []


def test_an_arn_that_is_a_parameter_passes() -> None:
    stack = new_stack()
    arn = CfnParameter(stack, "Arn").value_as_string
    role = role_in(stack)
    EventStream.from_stream_arn(stack, "Clicks", arn).grant_read(role)
    ProvisionedKafkaCluster.from_cluster_arn(stack, "Kafka", arn, security_groups=[])
    MetricsWorkspace.from_workspace_arn(stack, "Metrics", arn).grant_query(role)
    SearchDomain.from_domain_attributes(stack, "Search", domain_arn=arn, domain_endpoint="search.example.com")
    assert warnings(stack) == []


def cluster_without_servers(stack: Stack, account: str = HERE, region: str = REGION) -> None:
    ProvisionedKafkaCluster.from_cluster_arn(stack, "Kafka", cluster_arn(account, region), security_groups=[])


def topic_elsewhere(stack: Stack) -> None:
    cluster = ProvisionedKafkaCluster.from_cluster_arn(
        stack, "Kafka", cluster_arn(ELSEWHERE), security_groups=[], bootstrap_servers=SERVERS
    )
    KafkaTopic(stack, "Topic", cluster=cluster, topic_name="clicks", partitions=1)


def group_elsewhere(stack: Stack) -> None:
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    ProvisionedKafkaCluster.from_cluster_arn(
        stack, "Kafka", cluster_arn(HERE, OTHER_REGION), security_groups=[group], bootstrap_servers=SERVERS
    )


def endpoint_elsewhere(stack: Stack) -> None:
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-central-1a"])
    workspace(stack, HERE, OTHER_REGION).add_vpc_endpoint("Endpoint", vpc=vpc)  # type: ignore[attr-defined]


def zones_elsewhere(stack: Stack, zones: tuple[str, ...] = ("us-east-1a", "us-east-1b")) -> None:
    ApplicationVpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=zones, application_subnet_ids=["subnet-1", "subnet-2"]
    )


def role_elsewhere(stack: Stack, arn: str = f"arn:aws:iam::{ELSEWHERE}:role/job") -> None:
    application = FlinkApplication.from_application_name(
        stack, "App", application_name="clicks", runtime=FlinkRuntime.FLINK_1_20
    )
    someone = iam.Role.from_role_arn(stack, "Someone", f"arn:aws:iam::{HERE}:role/someone")
    CustomerManagedEncryption(
        stack,
        "Encryption",
        application=application,
        operators=[someone],
        key_administrators=[someone],
        execution_role_arn=arn,
    )


def grafana_role_elsewhere(stack: Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", f"arn:aws:iam::{ELSEWHERE}:role/grafana")
    DashboardWorkspace.from_workspace_id(stack, "Grafana", "g-0123456789", role=role)


def guard(stack: Stack, of: kms.IKey, log_key: kms.IKey | None = None) -> None:
    application = FlinkApplication.from_application_name(
        stack, "App", application_name="clicks", runtime=FlinkRuntime.FLINK_1_20
    )
    KeyGuard(stack, "Guard", application=application, keys=[of], operators=[role_in(stack)], log_encryption_key=log_key)


def imported_application(stack: Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", f"arn:aws:iam::{ELSEWHERE}:role/job")
    FlinkApplication.from_application_attributes(
        stack, "App", application_name="clicks", runtime=FlinkRuntime.FLINK_1_20, execution_role=role
    )


def access_log_elsewhere(stack: Stack, **place: Any) -> None:
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Log", bucket_name="log", **({"account": HERE, "region": REGION} | place)
    )
    ArchiveBucket(stack, "Archive", bucket_name="raw", access_log_bucket=bucket)


REFUSED: dict[str, tuple[Callable[[Stack], Any], str]] = {
    "a consumer in another account": (
        lambda stack: EventStream.from_stream_arn(stack, "S", stream_arn(ELSEWHERE)).add_consumer("job"),
        "register 'job' there, or poll",
    ),
    "a consumer in another Region": (
        lambda stack: EventStream.from_stream_arn(stack, "S", stream_arn(HERE, OTHER_REGION)).add_consumer("job"),
        "its own account and Region only",
    ),
    "no stream but a table": (
        lambda stack: EventStream.from_stream_arn(
            stack, "S", f"arn:aws:dynamodb:{REGION}:{HERE}:table/clicks/stream/2024"
        ),
        "expected the ARN of a stream",
    ),
    "brokers in another account": (lambda stack: cluster_without_servers(stack, ELSEWHERE), "pass bootstrap_servers"),
    "brokers in another Region": (
        lambda stack: cluster_without_servers(stack, HERE, OTHER_REGION),
        "pass bootstrap_servers",
    ),
    "a cluster of ECS": (
        lambda stack: ProvisionedKafkaCluster.from_cluster_arn(
            stack, "Kafka", f"arn:aws:ecs:{REGION}:{HERE}:cluster/clicks", security_groups=[]
        ),
        "expected the ARN of a cluster, arn:aws:kafka:",
    ),
    "a topic in another account": (topic_elsewhere, "import it with KafkaTopic.from_topic_name"),
    "a security group in another Region": (group_elsewhere, "pass security_groups=[]"),
    "an endpoint for another Region": (endpoint_elsewhere, f"use a workspace of {REGION}, or a NAT gateway"),
    "a rule namespace as a workspace": (
        lambda stack: MetricsWorkspace.from_workspace_arn(
            stack, "Metrics", f"arn:aws:aps:{REGION}:{HERE}:rulegroupsnamespace/ws-1/rules"
        ),
        "expected the ARN of a workspace",
    ),
    "a search domain in another Region": (
        lambda stack: SearchDomain.from_domain_endpoint(
            stack, "Search", f"vpc-trips-{'a' * 26}.{OTHER_REGION}.es.amazonaws.com"
        ),
        "from_domain_attributes",
    ),
    "no search domain": (
        lambda stack: SearchDomain.from_domain_attributes(
            stack, "Search", domain_arn=f"arn:aws:aoss:{REGION}:{HERE}:collection/1", domain_endpoint="x.example.com"
        ),
        "expected the ARN of a domain",
    ),
    "zones of another Region": (zones_elsewhere, "must be of the stack's Region eu-central-1, got us-east-1a"),
    "a zone without a subnet": (
        lambda stack: zones_elsewhere(stack, ("eu-central-1a", "eu-central-1b", "eu-central-1c")),
        "as many application subnets for each availability zone, got 2 for 3",
    ),
    "an execution role in another account": (role_elsewhere, "iam:PassRole does not cross accounts"),
    "a name as an execution role": (
        lambda stack: role_elsewhere(stack, "job"),
        "execution_role_arn must be arn:aws:iam::ACCOUNT:role/NAME, got 'job'",
    ),
    "a role of Grafana in another account": (grafana_role_elsewhere, f"must be of its account {HERE}"),
    "a guard of another account's key": (
        lambda stack: guard(stack, key(stack, ELSEWHERE)),
        f"got a key of {ELSEWHERE} and {REGION}",
    ),
    "a guard of another Region's key": (
        lambda stack: guard(stack, key(stack, HERE, OTHER_REGION)),
        f"got a key of {HERE} and {OTHER_REGION}",
    ),
    "a job's role in another account": (imported_application, f"must be of its account {HERE}"),
    "access logs in another account": (
        lambda stack: access_log_elsewhere(stack, account=ELSEWHERE),
        f"got one of {ELSEWHERE} and {REGION}",
    ),
    "access logs in another Region": (
        lambda stack: access_log_elsewhere(stack, region=OTHER_REGION),
        f"got one of {HERE} and {OTHER_REGION}",
    ),
    "no account id": (
        lambda stack: ApplicationVpc(stack, "Vpc", trusted_accounts=["1111-2222-3333"]),
        "account ids of 12 digits",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused_with_the_fix(case: str) -> None:
    build, expected = REFUSED[case]
    with pytest.raises(PenstockError) as error:
        build(new_stack())
    assert expected in str(error.value)


BUILT_WITH_KEY: dict[str, Callable[[Stack, kms.IKey], Any]] = {
    "stream": lambda stack, of: EventStream(stack, "S", stream_name="clicks", encryption_key=of),
    "imported stream": lambda stack, of: EventStream.from_stream_arn(
        stack, "S", stream_arn(HERE), encryption_key=of
    ),
    "metrics": lambda stack, of: MetricsWorkspace(stack, "S", workspace_alias="m", encryption_key=of),
    "archive": lambda stack, of: ArchiveBucket(stack, "S", bucket_name="raw", encryption_key=of),
    "imported archive": lambda stack, of: ArchiveBucket.from_bucket_name(stack, "S", "raw", encryption_key=of),
    "delivery": lambda stack, of: DeliveryToS3(
        stack, "S", bucket=s3.Bucket.from_bucket_name(stack, "B", "raw"), encryption_key=of
    ),
    "cluster": lambda stack, of: ProvisionedKafkaCluster(
        stack, "S", vpc=ec2.Vpc(stack, "V", max_azs=2), cluster_name="clicks", encryption_key=of
    ),
    "domain": lambda stack, of: SearchDomain(
        stack, "S", vpc=ec2.Vpc(stack, "V", max_azs=3), domain_name="trips", encryption_key=of
    ),
    "application's log": lambda stack, of: FlinkApplication(
        stack, "S", application_name="clicks", log_encryption_key=of,
        code=ApplicationCode.from_bucket(s3.Bucket.from_bucket_name(stack, "B", "code"), "a.jar", object_version="1"),
    ),
    "workspace's log": lambda stack, of: MetricsWorkspace(stack, "S", workspace_alias="m", log_encryption_key=of),
    "flow log": lambda stack, of: ApplicationVpc(stack, "S", flow_log_encryption_key=of),
    "brokers' log": lambda stack, of: ProvisionedKafkaCluster(
        stack, "S", vpc=ec2.Vpc(stack, "V", max_azs=2), cluster_name="clicks", log_encryption_key=of
    ),
    "guard's log": lambda stack, of: guard(stack, kms.Key(stack, "Own"), of),
}  # fmt: skip


@pytest.mark.parametrize("kind", BUILT_WITH_KEY)
def test_a_key_of_another_region_is_refused(kind: str) -> None:
    stack = new_stack()
    with pytest.raises(PenstockError, match=f"must be of its Region, {REGION}, got one of {OTHER_REGION}"):
        BUILT_WITH_KEY[kind](stack, key(stack, HERE, OTHER_REGION))


def test_key_and_metrics_of_a_stream_are_in_its_region() -> None:
    stack = new_stack()
    stream = EventStream.from_stream_arn(
        stack, "S", stream_arn(HERE, OTHER_REGION), encryption_key=key(stack, HERE, OTHER_REGION)
    )
    assert stream.connection_properties()["aws.region"] == OTHER_REGION
    assert stream.metric("IncomingRecords").region == OTHER_REGION


def test_code_in_another_region_gives_a_warning() -> None:
    stack = new_stack()
    bucket = s3.Bucket.from_bucket_attributes(stack, "Code", bucket_name="code", region=OTHER_REGION)
    FlinkApplication(
        stack,
        "App",
        application_name="clicks",
        code=ApplicationCode.from_bucket(bucket, "job.jar", object_version="1"),
    )
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("codeInOtherRegion"))
    assert [OTHER_REGION in str(entry.entry.data) for entry in found] == [True]


def test_clients_reach_brokers_on_the_ports_of_their_addresses() -> None:
    stack = new_stack()
    brokers = ec2.SecurityGroup.from_security_group_id(stack, "Brokers", "sg-1")
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-central-1a"])
    client = ec2.SecurityGroup(stack, "Client", vpc=vpc)
    cluster = ProvisionedKafkaCluster.from_cluster_arn(
        stack, "Kafka", cluster_arn(ELSEWHERE), security_groups=[brokers], bootstrap_servers=SERVERS
    )
    cluster.allow_clients(client)
    Template.from_stack(stack).has_resource_properties(
        "AWS::EC2::SecurityGroupIngress", {"GroupId": "sg-1", "FromPort": 14001, "ToPort": 14002}
    )


@pytest.mark.parametrize(
    ("servers", "ports"),
    [("b:9098", (9098, 9098)), ("b-1:9098, b-2:9096", (9096, 9098)), ("b:1", (1, 1)), ("b:65535", (65535, 65535))],
)
def test_ports_are_read_from_addresses(servers: str, ports: tuple[int, int]) -> None:
    assert client_ports(servers) == ports


@pytest.mark.parametrize("servers", ["b", "b:", "b:0", "b:65536", "b:9098,", "https://b:9098", "b:-1", "b:9o98"])
def test_an_invalid_broker_address_is_refused(servers: str) -> None:
    with pytest.raises(PenstockError, match="HOST:PORT, separated by commas, each port from 1 to 65535, got"):
        client_ports(servers)
