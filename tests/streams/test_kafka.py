from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnElement, CfnParameter, Duration, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.checks import add_checks
from cdk_penstock.model.kafka_rules import KafkaError
from cdk_penstock.streams.kafka import (
    BrokerInstance,
    CleanupPolicy,
    ImportedKafkaCluster,
    KafkaMonitoring,
    KafkaTopic,
    KafkaVersion,
    ProvisionedKafkaCluster,
    ServerlessKafkaCluster,
)
from cdk_penstock.streams.kafka.broker_storage import largest_storage
from cdk_penstock.streams.kinesis import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:kafka:eu-central-1:111122223333:cluster/fleet/0a1b-2"
CLUSTER, TOPIC = "AWS::MSK::Cluster", "AWS::MSK::Topic"


def new_stack(name: str = "Stack", app: App | None = None) -> Stack:
    return Stack(app or App(), name, env=Environment(account="111122223333", region="eu-central-1"))


def vpc_in(stack: Stack, zones: int = 3, kind: ec2.SubnetType = ec2.SubnetType.PRIVATE_ISOLATED) -> ec2.Vpc:
    subnets = [ec2.SubnetConfiguration(name="application", subnet_type=kind, cidr_mask=24)]
    return ec2.Vpc(
        stack,
        "Vpc",
        nat_gateways=0,
        availability_zones=[f"eu-central-1{zone}" for zone in "abcd"[:zones]],
        subnet_configuration=subnets,
        flow_logs={"All": ec2.FlowLogOptions()},
        restrict_default_security_group=False,
    )


def two_subnets_a_zone(stack: Stack) -> ec2.Vpc:
    kind = ec2.SubnetType.PRIVATE_ISOLATED
    subnets = [ec2.SubnetConfiguration(name=name, subnet_type=kind, cidr_mask=24) for name in ("one", "two")]
    zones = ["eu-central-1a", "eu-central-1b"]
    return ec2.Vpc(stack, "Vpc", nat_gateways=0, availability_zones=zones, subnet_configuration=subnets)


def only(template: Template, kind: str) -> dict[str, Any]:
    (resource,) = template.find_resources(kind).values()
    return dict(resource)


def decoded(topic: dict[str, Any]) -> set[str]:
    return set(base64.b64decode(topic["Properties"]["Configs"]).decode().splitlines())


def imported_in(stack: Stack, **props: Any) -> ImportedKafkaCluster:
    group = ec2.SecurityGroup.from_security_group_id(stack, "Brokers", "sg-0123456789abcdef0")
    given = {"cluster_arn": ARN, "bootstrap_servers": "b-1:9098", "security_groups": [group]}
    return ImportedKafkaCluster(stack, "Imported", **(given | props))


@pytest.fixture(scope="module")
def default() -> Template:
    stack = new_stack()
    ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet")
    return Template.from_stack(stack)


def test_by_default_clients_come_with_iam_and_tls_only(default: Template) -> None:
    properties = only(default, CLUSTER)["Properties"]
    assert properties["ClientAuthentication"] == {
        "Sasl": {"Iam": {"Enabled": True}},
        "Unauthenticated": {"Enabled": False},
    }
    assert properties["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert "DataVolumeKMSKeyId" in properties["EncryptionInfo"]["EncryptionAtRest"]


def test_by_default_brokers_are_spread_and_topics_are_not_made_by_accident(default: Template) -> None:
    properties = only(default, CLUSTER)["Properties"]
    assert properties["NumberOfBrokerNodes"] == len(properties["BrokerNodeGroupInfo"]["ClientSubnets"]) == 3
    configuration = only(default, "AWS::MSK::Configuration")["Properties"]["ServerProperties"]
    assert {"auto.create.topics.enable=false", "default.replication.factor=3", "min.insync.replicas=2"} <= set(
        configuration.splitlines()
    )


def test_by_default_no_replica_leads_that_lacks_records(default: Template) -> None:
    configuration = only(default, "AWS::MSK::Configuration")["Properties"]["ServerProperties"]
    assert "unclean.leader.election.enable=false" in configuration.splitlines()


def test_two_brokers_suffice_for_transactions_where_there_are_two_zones() -> None:
    stack = new_stack()
    ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack, zones=2), cluster_name="fleet")
    configuration = only(Template.from_stack(stack), "AWS::MSK::Configuration")["Properties"]["ServerProperties"]
    assert {
        "transaction.state.log.replication.factor=2",
        "transaction.state.log.min.isr=1",
        "offsets.topic.replication.factor=2",
    } <= set(configuration.splitlines())


def test_by_default_storage_grows_and_never_shrinks(default: Template) -> None:
    target = only(default, "AWS::ApplicationAutoScaling::ScalableTarget")["Properties"]
    assert target["MaxCapacity"] == 1000
    policy = only(default, "AWS::ApplicationAutoScaling::ScalingPolicy")["Properties"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] is True


@pytest.mark.parametrize(
    ("initial", "asked", "largest"), [(100, None, 1000), (5000, None, 16_384), (100, 100, 100), (1, 16_384, 16_384)]
)
def test_storage_grows_to_ten_times_unless_asked_otherwise_and_never_beyond_the_limit_of_msk(
    initial: int, asked: int | None, largest: int
) -> None:
    assert largest_storage(initial, asked) == largest


@pytest.mark.parametrize(("initial", "asked"), [(0, None), (0, 100), (16_385, None), (100, 16_385)])
def test_storage_beyond_the_limits_of_msk_is_refused(initial: int, asked: int | None) -> None:
    with pytest.raises(StreamError, match="a broker has 1 to 16384 GiB"):
        largest_storage(initial, asked)


def test_what_holds_data_outlives_the_stack(default: Template) -> None:
    for kind in (CLUSTER, "AWS::KMS::Key", "AWS::Logs::LogGroup"):
        kept = default.find_resources(kind).values()
        assert any(resource["DeletionPolicy"] == "RetainExceptOnCreate" for resource in kept)
    assert only(default, CLUSTER)["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("build", [ProvisionedKafkaCluster, ServerlessKafkaCluster])
def test_the_security_group_stays_as_long_as_the_cluster_that_uses_it(build: Callable[..., object]) -> None:
    policies = []
    for policy in (RemovalPolicy.RETAIN, RemovalPolicy.DESTROY):
        stack = new_stack()
        build(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", removal_policy=policy)
        group = only(Template.from_stack(stack), "AWS::EC2::SecurityGroup")
        policies.append(group["DeletionPolicy"])
    assert policies == ["Retain", "Delete"]


@pytest.mark.parametrize("build", [ProvisionedKafkaCluster, ServerlessKafkaCluster])
def test_the_security_group_is_worded_the_same_for_ever(build: Callable[..., object]) -> None:
    stack = new_stack()
    build(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet")
    group = only(Template.from_stack(stack), "AWS::EC2::SecurityGroup")["Properties"]
    # Another description is another group, and another group is another, empty cluster.
    assert group["GroupDescription"] == "Brokers of fleet"
    assert "SecurityGroupIngress" not in group
    assert "GroupName" not in group


def test_only_the_log_of_this_cluster_may_use_the_key_of_its_log() -> None:
    stack = new_stack()
    key = kms.Key(stack, "LogKey")
    ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", log_encryption_key=key)
    template = Template.from_stack(stack)
    ((_, body),) = template.find_resources(
        "AWS::KMS::Key",
        {
            "Properties": Match.object_like(
                {
                    "KeyPolicy": {
                        "Statement": Match.array_with(
                            [Match.object_like({"Principal": {"Service": "logs.eu-central-1.amazonaws.com"}})]
                        )
                    }
                }
            )
        },
    ).items()
    (statement,) = [each for each in body["Properties"]["KeyPolicy"]["Statement"] if "Service" in each["Principal"]]
    (condition,) = statement["Condition"].values()
    (arn,) = condition.values()
    assert str(arn).count("log-group:/aws/vendedlogs/msk/fleet") == 1
    assert "*" not in str(arn)


def test_brokers_may_log_to_a_bucket_of_which_they_get_their_own_folder_only() -> None:
    app = App()
    stack = new_stack(app=app)
    bucket = s3.Bucket(
        stack,
        "Logs",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=kms.Key(stack, "BucketKey", enable_key_rotation=True),
        enforce_ssl=True,
        server_access_logs_prefix="access/",
    )
    cluster = ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", log_bucket=bucket)
    add_checks(app)
    app.synth()
    template = Template.from_stack(stack)
    broker_logs = only(template, CLUSTER)["Properties"]["LoggingInfo"]["BrokerLogs"]
    assert broker_logs["CloudWatchLogs"]["Enabled"] is True
    assert broker_logs["S3"]["Prefix"] == "kafka/fleet"
    ((name, policy),) = template.find_resources("AWS::S3::BucketPolicy").items()
    assert name in only(template, CLUSTER)["DependsOn"]
    delivery = [
        each
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        if each["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        and each["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333"
    ]
    assert {action for each in delivery for action in _listed(each["Action"])} == {
        "s3:GetBucketAcl",
        "s3:ListBucket",
        "s3:PutObject",
    }
    (writes,) = [each for each in delivery if each["Action"] == "s3:PutObject"]
    assert "/kafka/fleet/AWSLogs/111122223333/*" in str(writes["Resource"])
    assert cluster.log_group.node.path.startswith("Stack/Cluster/")
    keys = [str(key["Properties"]["KeyPolicy"]) for key in template.find_resources("AWS::KMS::Key").values()]
    assert sum("delivery.logs.amazonaws.com" in key for key in keys) == 1


def test_clusters_that_log_to_one_bucket_do_not_get_in_each_others_way() -> None:
    stack = new_stack()
    key = kms.Key(stack, "BucketKey")
    bucket = s3.Bucket(stack, "Logs", encryption=s3.BucketEncryption.KMS, encryption_key=key)
    vpc = vpc_in(stack)
    for name in ("fleet", "depot"):
        ProvisionedKafkaCluster(
            stack, name, vpc=vpc, cluster_name=name, encryption_key=key, log_encryption_key=key, log_bucket=bucket
        )
    template = Template.from_stack(stack)
    policies = [
        only(template, "AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"],
        only(template, "AWS::KMS::Key")["Properties"]["KeyPolicy"],
    ]
    for policy in policies:
        sids = [each["Sid"] for each in policy["Statement"] if "Sid" in each]
        assert len(sids) == len(set(sids))
    written = [str(each["Resource"]) for each in policies[0]["Statement"] if each["Action"] == "s3:PutObject"]
    assert all(any(f"kafka/{name}/AWSLogs/" in each for each in written) for name in ("fleet", "depot"))


def test_an_imported_bucket_keeps_its_policy() -> None:
    stack = new_stack()
    bucket = s3.Bucket.from_bucket_name(stack, "Logs", "broker-logs")
    ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", log_bucket=bucket)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::S3::BucketPolicy", 0)
    assert only(template, CLUSTER)["Properties"]["LoggingInfo"]["BrokerLogs"]["S3"]["Bucket"] == "broker-logs"


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_the_brokers_are_asked_for_after_the_cluster_and_again_when_it_changes() -> None:
    revisions = []
    for version in (KafkaVersion.V3_9_X_KRAFT, KafkaVersion.V3_9_X_KRAFT, KafkaVersion.V4_1_X_KRAFT):
        stack = new_stack()
        cluster = ProvisionedKafkaCluster(
            stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", kafka_version=version
        )
        template = Template.from_stack(stack)
        lookup = only(template, "Custom::PenstockKafkaBootstrapBrokers")
        assert stack.get_logical_id(cluster.resource) in lookup["DependsOn"]
        revisions.append(lookup["Properties"]["ClusterRevision"])
    assert revisions[0] == revisions[1] != revisions[2]
    (policy,) = [
        body
        for name, body in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith("PenstockKafkaBootstrapBrokersRole")
    ]
    asks = policy["Properties"]["PolicyDocument"]["Statement"][-1]
    assert asks["Action"] == ["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"]
    assert asks["Resource"] == {"Fn::GetAtt": [stack.get_logical_id(cluster.resource), "Arn"]}


def test_everything_on_passes_all_checks() -> None:
    app = App()
    stack = new_stack(app=app)
    key = kms.Key(stack, "OwnKey", enable_key_rotation=True)
    cluster = ProvisionedKafkaCluster(
        stack,
        "Cluster",
        vpc=vpc_in(stack, zones=2),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        cluster_name="fleet",
        kafka_version=KafkaVersion.of("4.2.x.kraft"),
        broker_instance=BrokerInstance.of("kafka.m7g.8xlarge"),
        broker_nodes=4,
        storage_gib_per_broker=500,
        max_storage_gib_per_broker=4000,
        server_properties={"num.partitions": "6", "min.insync.replicas": "1"},
        encryption_key=key,
        monitoring=KafkaMonitoring.PER_TOPIC_PER_PARTITION,
        log_retention=logs.RetentionDays.ONE_YEAR,
        log_encryption_key=key,
        removal_policy=RemovalPolicy.DESTROY,
    )
    KafkaTopic(
        stack,
        "Topic",
        cluster=cluster,
        topic_name="events",
        partitions=12,
        replication_factor=2,
        retention=Duration.hours(1),
        cleanup_policy=CleanupPolicy.COMPACT_AND_DELETE,
        min_insync_replicas=2,
        configuration={"max.message.bytes": "1048588"},
        removal_policy=RemovalPolicy.DESTROY,
    )
    add_checks(app)
    app.synth()
    template = Template.from_stack(stack)
    properties = only(template, CLUSTER)["Properties"]
    assert properties["KafkaVersion"] == "4.2.x.kraft"
    assert properties["NumberOfBrokerNodes"] == 4
    assert properties["EnhancedMonitoring"] == "PER_TOPIC_PER_PARTITION"
    assert "min.insync.replicas=1" in only(template, "AWS::MSK::Configuration")["Properties"]["ServerProperties"]
    topic = only(template, TOPIC)
    assert decoded(topic) == {
        "cleanup.policy=compact,delete",
        "max.message.bytes=1048588",
        "min.insync.replicas=2",
        "retention.ms=3600000",
    }
    assert topic["DeletionPolicy"] == "Delete"


def test_a_generated_name_gives_a_warning() -> None:
    stack = new_stack()
    ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack))
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("pass cluster_name"))
    assert len(found) == 1


def test_a_serverless_cluster_has_no_tags_that_could_replace_it() -> None:
    app = App()
    stack = new_stack(app=app)
    cluster = ServerlessKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet")
    Tags.of(app).add("penstock:environment", "prod")
    KafkaTopic.from_topic_name(stack, "Topic", cluster=cluster, topic_name="events")
    add_checks(app)
    app.synth()
    resource = only(Template.from_stack(stack), "AWS::MSK::ServerlessCluster")
    assert "Tags" not in resource["Properties"]
    assert resource["Properties"]["ClientAuthentication"] == {"Sasl": {"Iam": {"Enabled": True}}}
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_a_topic_by_default_survives_one_broker_and_its_stack() -> None:
    stack = new_stack()
    KafkaTopic(stack, "Topic", cluster=imported_in(stack), topic_name="events", partitions=6)
    topic = only(Template.from_stack(stack), TOPIC)
    assert topic["Properties"]["ReplicationFactor"] == 3
    assert decoded(topic) == {"cleanup.policy=delete", "min.insync.replicas=2", "retention.ms=604800000"}
    assert (topic["DeletionPolicy"], topic["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_a_topic_has_a_replica_in_each_zone_of_its_cluster() -> None:
    stack = new_stack()
    cluster = ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack, zones=2), cluster_name="fleet")
    KafkaTopic(stack, "Topic", cluster=cluster, topic_name="events", partitions=6)
    topic = only(Template.from_stack(stack), TOPIC)
    assert topic["Properties"]["ReplicationFactor"] == 2
    assert "min.insync.replicas=1" in decoded(topic)


def role_in(stack: Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))


def statements(stack: Stack) -> dict[str, set[str]]:
    policy = only(Template.from_stack(stack), "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    found: dict[str, set[str]] = {}
    for statement in policy:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found.setdefault(str(statement["Resource"]), set()).update(actions)
    return found


@pytest.mark.parametrize("kind", ["created", "imported"])
def test_a_reader_gets_its_topic_and_its_group_and_nothing_else(kind: str) -> None:
    stack = new_stack()
    cluster = imported_in(stack)
    role = role_in(stack)
    topic = (
        KafkaTopic(stack, "Topic", cluster=cluster, topic_name="events", partitions=6)
        if kind == "created"
        else KafkaTopic.from_topic_name(stack, "Topic", cluster=cluster, topic_name="events")
    )
    topic.grant_read(role, consumer_group="metrics")
    prefix = "arn:aws:kafka:eu-central-1:111122223333"
    assert statements(stack) == {
        ARN: {"kafka-cluster:Connect", "kafka-cluster:DescribeCluster"},
        f"{prefix}:topic/fleet/0a1b-2/events": {"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"},
        f"{prefix}:group/fleet/0a1b-2/metrics": {"kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"},
    }


def test_a_writer_gets_its_topic_and_nothing_else() -> None:
    stack = new_stack()
    role = role_in(stack)
    topic = KafkaTopic(stack, "Topic", cluster=imported_in(stack), topic_name="events", partitions=6)
    topic.grant_write(role)
    granted = statements(stack)
    assert granted[ARN] == {
        "kafka-cluster:Connect",
        "kafka-cluster:DescribeCluster",
        "kafka-cluster:WriteDataIdempotently",
    }
    actions = set().union(*granted.values())
    assert not {"kafka-cluster:ReadData", "kafka-cluster:CreateTopic", "kafka-cluster:DeleteTopic"} & actions
    assert not any("*" in resource for resource in granted)


def test_a_transactional_writer_gets_the_transactions_of_its_prefix_and_nothing_else() -> None:
    stack = new_stack()
    role = role_in(stack)
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=imported_in(stack), topic_name="events")
    topic.grant_transactional_write(role, transactional_id_prefix="metrics")
    granted = statements(stack)
    transactions = "arn:aws:kafka:eu-central-1:111122223333:transactional-id/fleet/0a1b-2/metrics-*"
    assert granted.pop(transactions) == {
        "kafka-cluster:AlterTransactionalId",
        "kafka-cluster:DescribeTransactionalId",
    }
    other = new_stack()
    KafkaTopic.from_topic_name(other, "Topic", cluster=imported_in(other), topic_name="events").grant_write(
        role_in(other)
    )
    assert granted == statements(other)


@pytest.mark.parametrize("kind", ["created", "imported"])
def test_the_wildcard_of_transactions_has_its_reason(kind: str) -> None:
    app = App()
    stack = new_stack(app=app)
    cluster = (
        ServerlessKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet")
        if kind == "created"
        else imported_in(stack)
    )
    role = role_in(stack)
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=cluster, topic_name="events")
    topic.grant_transactional_write(role, transactional_id_prefix="metrics")
    add_checks(app)
    app.synth()
    assert ":transactional-id/" in str(only_policy_of(stack, role))


def only_policy_of(stack: Stack, role: iam.Role) -> dict[str, Any]:
    default = role.node.find_child("DefaultPolicy").node.default_child
    assert isinstance(default, CfnElement)
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    return dict(policies[stack.get_logical_id(default)])


def test_the_arns_of_a_created_cluster_are_derived_from_its_own() -> None:
    stack = new_stack()
    cluster = ServerlessKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet")
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=cluster, topic_name="events")
    rendered = str(stack.resolve(topic.topic_arn))  # type: ignore[attr-defined]
    assert ":topic/" in rendered
    assert rendered.count("Fn::Split") == 2
    assert "/events" in rendered


@pytest.mark.parametrize("calls_everywhere", [True, False])
def test_a_client_whose_security_group_is_imported_reaches_the_brokers(calls_everywhere: bool) -> None:
    stack = new_stack()
    vpc = vpc_in(stack)
    cluster = ProvisionedKafkaCluster(stack, "Kafka", vpc=vpc, cluster_name="fleet")
    group = ec2.SecurityGroup.from_security_group_id(
        stack, "Group", "sg-0123456789abcdef0", allow_all_outbound=calls_everywhere
    )
    client = ec2.Connections(security_groups=[group])
    cluster.allow_clients(client)
    cluster.allow_clients(client)
    template = Template.from_stack(stack)
    rule = only(template, "AWS::EC2::SecurityGroupIngress")["Properties"]
    assert (rule["SourceSecurityGroupId"], rule["FromPort"]) == ("sg-0123456789abcdef0", 9098)
    template.resource_count_is("AWS::EC2::SecurityGroupEgress", 0 if calls_everywhere else 1)


def test_clients_are_let_in_by_rules_of_their_own_stack() -> None:
    app = App()
    ingestion, processing = new_stack("Ingestion", app), new_stack("Processing", app)
    vpc = vpc_in(ingestion)
    cluster = ServerlessKafkaCluster(ingestion, "Cluster", vpc=vpc, cluster_name="fleet")
    client = ec2.SecurityGroup(processing, "Client", vpc=vpc)
    cluster.allow_clients(client, client)
    assert not Template.from_stack(ingestion).find_resources("AWS::EC2::SecurityGroupIngress")
    rule = only(Template.from_stack(processing), "AWS::EC2::SecurityGroupIngress")["Properties"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (9098, 9098, "tcp")
    Template.from_stack(processing).resource_count_is("AWS::EC2::SecurityGroupEgress", 0)


def test_a_client_that_may_call_nobody_is_let_out_to_the_brokers_alone() -> None:
    app = App()
    ingestion, processing = new_stack("Ingestion", app), new_stack("Processing", app)
    vpc = vpc_in(ingestion)
    cluster = ServerlessKafkaCluster(ingestion, "Cluster", vpc=vpc, cluster_name="fleet")
    client = ec2.SecurityGroup(processing, "Client", vpc=vpc, allow_all_outbound=False)
    cluster.allow_clients(client)
    template = Template.from_stack(processing)
    rule = only(template, "AWS::EC2::SecurityGroupEgress")["Properties"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (9098, 9098, "tcp")
    assert rule["GroupId"] == {"Fn::GetAtt": [processing.get_logical_id(_resource(client)), "GroupId"]}
    entry = only(template, "AWS::EC2::SecurityGroupIngress")["Properties"]
    assert rule["DestinationSecurityGroupId"] == entry["GroupId"]


def _resource(group: ec2.SecurityGroup) -> CfnElement:
    resource = group.node.default_child
    assert isinstance(resource, CfnElement)
    return resource


def test_each_security_group_of_an_imported_cluster_lets_clients_in() -> None:
    stack = new_stack()
    ids = ["sg-0123456789abcdef0", "sg-0123456789abcdef1"]
    groups = [ec2.SecurityGroup.from_security_group_id(stack, each, each) for each in ids]
    cluster = imported_in(stack, security_groups=groups)
    cluster.allow_clients(ec2.SecurityGroup(stack, "Client", vpc=vpc_in(stack)))
    rules = Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert sorted(rule["Properties"]["GroupId"] for rule in rules) == ids


@pytest.mark.parametrize(("kind", "is_serverless"), [(ProvisionedKafkaCluster, False), (ServerlessKafkaCluster, True)])
def test_an_imported_cluster_is_of_the_kind_that_imports_it(kind: Any, is_serverless: bool) -> None:
    stack = new_stack()
    group = ec2.SecurityGroup.from_security_group_id(stack, "Brokers", "sg-0123456789abcdef0")
    cluster = kind.from_cluster_arn(stack, "Imported", ARN, security_groups=[group])
    assert (cluster.cluster_arn, cluster.cluster_name) == (ARN, "fleet")
    assert (cluster.is_serverless, cluster.iam_enabled) == (is_serverless, True)


def test_the_brokers_of_an_imported_cluster_are_asked_for_unless_they_are_known() -> None:
    lookups = []
    for known in ("b-1:9098", None):
        stack = new_stack()
        cluster = imported_in(stack, bootstrap_servers=known)
        lookups.append(len(Template.from_stack(stack).find_resources("Custom::PenstockKafkaBootstrapBrokers")))
        assert (cluster.bootstrap_servers == "b-1:9098") is (known is not None)
    assert lookups == [0, 1]


def test_a_cluster_of_which_only_the_deployment_knows_the_arn_can_be_imported() -> None:
    stack = new_stack()
    parameter = CfnParameter(stack, "ClusterArn")
    cluster = imported_in(stack, cluster_arn=parameter.value_as_string)
    name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "ClusterArn"}]}]}
    assert stack.resolve(cluster.cluster_name) == name
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=cluster, topic_name="events")
    assert "Fn::Split" in str(stack.resolve(topic.topic_arn))  # type: ignore[attr-defined]


def test_a_topic_hands_a_job_what_it_reads() -> None:
    stack = new_stack()
    topic = KafkaTopic(stack, "Topic", cluster=imported_in(stack), topic_name="events", partitions=6)
    assert topic.connection_properties() == {
        "bootstrap.servers": "b-1:9098",
        "topic": "events",
        "authentication": "iam",
    }


def test_what_a_job_reads_with_names_the_group_that_it_may_read_in() -> None:
    stack = new_stack()
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=imported_in(stack), topic_name="events")
    properties = topic.input_properties(consumer_group="metrics")
    assert properties == {**topic.connection_properties(), "consumer.group": "metrics"}
    assert (topic.cluster.iam_enabled, topic.topic_name) == (True, "events")


def test_metrics_are_those_of_the_cluster() -> None:
    cluster = imported_in(new_stack())
    lag = cluster.metric_consumer_lag("events", "metrics", label="lag")
    assert lag.namespace == "AWS/Kafka"
    assert lag.dimensions == {"Cluster Name": "fleet", "Consumer Group": "metrics", "Topic": "events"}
    assert cluster.metric_disk_used(2).dimensions == {"Cluster Name": "fleet", "Broker ID": "2"}
    assert cluster.metric_offline_partitions().metric_name == "OfflinePartitionsCount"
    assert cluster.metric_active_controllers().statistic == "Maximum"
    assert cluster.connections.default_port is not None


def with_version(stack: Stack, version: str) -> ProvisionedKafkaCluster:
    return ProvisionedKafkaCluster(
        stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", kafka_version=KafkaVersion.of(version)
    )


@pytest.mark.parametrize("version", ["3.6.0", "3.10.x.kraft", "4.0.x.kraft", "${Token[TOKEN.1]}"])
def test_topics_are_made_on_every_version_that_has_an_api_for_it(version: str) -> None:
    stack = new_stack()
    KafkaTopic(stack, "Topic", cluster=with_version(stack, version), topic_name="events", partitions=6)
    assert imported_in(stack).kafka_version is None


@pytest.mark.parametrize("version", ["1.1.1", "2.8.2.tiered", "3.5.1"])
def test_topics_that_exist_can_be_imported_on_every_version(version: str) -> None:
    stack = new_stack()
    topic = KafkaTopic.from_topic_name(stack, "Topic", cluster=with_version(stack, version), topic_name="events")
    assert topic.topic_name == "events"


REFUSED: list[tuple[str, Callable[[Stack], object], type[Exception], str]] = [
    (
        "brokers that cannot be spread",
        lambda s: ProvisionedKafkaCluster(s, "C", vpc=vpc_in(s), cluster_name="c", broker_nodes=4),
        KafkaError,
        "multiple of the 3 availability zones, got 4",
    ),
    (
        "one zone",
        lambda s: ProvisionedKafkaCluster(s, "C", vpc=vpc_in(s, zones=1), cluster_name="c"),
        KafkaError,
        "2 or 3 availability zones, got 1",
    ),
    (
        "two subnets in one zone",
        lambda s: ProvisionedKafkaCluster(
            s, "C", vpc=two_subnets_a_zone(s), cluster_name="c", vpc_subnets=ec2.SubnetSelection(one_per_az=False)
        ),
        StreamError,
        "got 4 subnets in 2",
    ),
    (
        "public subnets",
        lambda s: ProvisionedKafkaCluster(s, "C", vpc=vpc_in(s, kind=ec2.SubnetType.PUBLIC), cluster_name="c"),
        StreamError,
        "broker subnets must be private",
    ),
    (
        "storage that would have to shrink",
        lambda s: ProvisionedKafkaCluster(
            s, "C", vpc=vpc_in(s), cluster_name="c", storage_gib_per_broker=200, max_storage_gib_per_broker=100
        ),
        StreamError,
        "got 200 and 100",
    ),
    (
        "a name that MSK does not take",
        lambda s: ServerlessKafkaCluster(s, "C", vpc=vpc_in(s), cluster_name="a_b"),
        KafkaError,
        "got 'a_b'",
    ),
    (
        "a serverless cluster in one zone",
        lambda s: ServerlessKafkaCluster(s, "C", vpc=vpc_in(s, zones=1), cluster_name="c"),
        StreamError,
        "at least 2 availability zones, got subnets in 1",
    ),
    (
        "an ARN of something else",
        lambda s: imported_in(s, cluster_arn="arn:aws:kafka:eu-central-1:111122223333:configuration/x/1"),
        StreamError,
        "expected the ARN of a cluster",
    ),
    (
        "brokers of a cluster without IAM",
        lambda s: imported_in(s, iam_enabled=False, bootstrap_servers=None),
        StreamError,
        "pass bootstrap_servers",
    ),
    (
        "a native topic without IAM",
        lambda s: KafkaTopic(s, "T", cluster=imported_in(s, iam_enabled=False), topic_name="t", partitions=1),
        StreamError,
        "creates topics only in a cluster with IAM authentication: enable it",
    ),
    (
        "properties for a job that cannot connect",
        lambda s: KafkaTopic.from_topic_name(
            s, "T", cluster=imported_in(s, iam_enabled=False), topic_name="t"
        ).connection_properties(),
        StreamError,
        "topic 't' needs IAM authentication, but its cluster has it disabled: enable it",
    ),
    (
        "every consumer group",
        lambda s: KafkaTopic.from_topic_name(s, "T", cluster=imported_in(s), topic_name="t").grant_read(
            role_in(s), consumer_group="*"
        ),
        KafkaError,
        "a consumer group must be a name",
    ),
    (
        "every transaction",
        lambda s: KafkaTopic.from_topic_name(s, "T", cluster=imported_in(s), topic_name="t").grant_transactional_write(
            role_in(s), transactional_id_prefix=""
        ),
        KafkaError,
        "transactional ids must be a name",
    ),
    (
        "a topic name with a space",
        lambda s: KafkaTopic(s, "T", cluster=imported_in(s), topic_name="a b", partitions=1),
        KafkaError,
        "got 'a b'",
    ),
    (
        "no partition",
        lambda s: KafkaTopic(s, "T", cluster=imported_in(s), topic_name="t", partitions=0),
        StreamError,
        "at least one partition",
    ),
    (
        "more replicas in sync than there are",
        lambda s: KafkaTopic(
            s, "T", cluster=imported_in(s), topic_name="t", partitions=1, replication_factor=2, min_insync_replicas=3
        ),
        StreamError,
        "replication factor 2, got 3",
    ),
    (
        "a topic that CloudFormation cannot create",
        lambda s: KafkaTopic(s, "T", cluster=imported_in(s, is_serverless=True), topic_name="t", partitions=1),
        StreamError,
        "cannot create topics of MSK Serverless: .* import them with KafkaTopic.from_topic_name",
    ),
    (
        "a topic on a version that has no API for it",
        lambda s: KafkaTopic(s, "T", cluster=with_version(s, "3.5.1"), topic_name="t", partitions=1),
        StreamError,
        "from Kafka 3.6 on, got a cluster with 3.5.1: .* import it with KafkaTopic.from_topic_name",
    ),
    (
        "a property on two lines",
        lambda s: KafkaTopic(s, "T", cluster=imported_in(s), topic_name="t", partitions=1, configuration={"a": "b\nc"}),
        KafkaError,
        "a value on one line",
    ),
]


@pytest.mark.parametrize(("build", "error", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_invalid_clusters_and_topics_are_refused(
    build: Callable[[Stack], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build(new_stack())
