"""MSK cluster with Standard brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk.aws_msk import CfnCluster, CfnConfiguration

from cdk_penstock.foundation.digests import content_digest
from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.physical_names import choose_name, claim_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.kafka_rules import (
    check_broker_nodes,
    check_cluster_name,
    default_properties,
    render_properties,
)
from cdk_penstock.model.kafka_storage import ALARM_PERCENT, BrokerStorage
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.bootstrap import KafkaBootstrapServers
from cdk_penstock.streams.kafka.broker_log import BrokerLog
from cdk_penstock.streams.kafka.broker_network import build_security_group, private_subnets_in_different_zones
from cdk_penstock.streams.kafka.broker_options import BrokerInstance, KafkaMonitoring, KafkaVersion
from cdk_penstock.streams.kafka.broker_storage import (
    StorageGrowth,
    StoragePlan,
    build_disk_alarms,
    largest_storage,
    refuse_express_brokers,
)
from cdk_penstock.streams.kafka.cluster_base import KafkaClusterBase
from cdk_penstock.streams.kafka.imported_cluster import ImportedKafkaCluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from cdk_penstock.model.kafka_storage import PlannedTopic
    from cdk_penstock.streams.kafka.cluster_base import IKafkaCluster


@jsii.implements(ec2.IConnectable)
class ProvisionedKafkaCluster(KafkaClusterBase):
    """A cluster with Standard brokers in several availability zones, for clients that use IAM and TLS.

    Name, subnets, security groups and encryption key are fixed at creation: changing one creates a new, empty cluster,
    and the old one is kept. Rules for clients belong to the client (``allow_clients``) and do not change the cluster.
    MSK makes one change at a time: deploy a new version, instance type or storage size separately.

    Parameters
    ----------
    vpc, vpc_subnets
        Private subnets for the brokers, in two or three availability zones.
    cluster_name
        The physical name. Default: made from the construct's path, with a warning.
    kafka_version
        Default: 3.9 with KRaft.
    broker_instance
        Default: ``kafka.m7g.large``.
    broker_nodes
        Number of brokers, a multiple of the availability zones. Default: one in each.
    storage_gib_per_broker, max_storage_gib_per_broker
        Initial size of the storage, and the size that it may grow to. It grows when it is 60 % full and never shrinks.
        Default: 100, and ten times that. Topics with an ``expected_load`` are checked against it.
    server_properties
        Further properties of the brokers, by Kafka's keys. Default: clients do not create topics by accident; topics,
        offsets and transactions have a replica in each zone, of which one may fail; and a replica that lacks records
        does not become the leader, which MSK's default allows ("Default Amazon MSK configuration").
    encryption_key
        Key of the data at rest. Default: a new key, rotated every year.
    monitoring
        Default: per broker.
    log_retention, log_encryption_key
        Retention and key of the brokers' log. Default: 30 days, and the key that CloudWatch Logs owns.
    log_bucket
        A second destination of the brokers' log. Its policy and its key's policy are extended for the delivery; those
        of an imported bucket must allow it already. Default: none.
    removal_policy
        Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises KafkaError for a number of brokers that is no multiple of the zones, and for a name or property that MSK
    would refuse. Raises StreamError for public subnets, for two in one zone, for storage beyond MSK's limits, and for
    Express brokers, which have no such storage.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None = None,
        cluster_name: str | None = None,
        kafka_version: KafkaVersion = KafkaVersion.V3_9_X_KRAFT,
        broker_instance: BrokerInstance = BrokerInstance.M7G_LARGE,
        broker_nodes: int | None = None,
        storage_gib_per_broker: int = 100,
        max_storage_gib_per_broker: int | None = None,
        server_properties: Mapping[str, str] | None = None,
        encryption_key: kms.IKey | None = None,
        monitoring: KafkaMonitoring = KafkaMonitoring.PER_BROKER,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        log_encryption_key: kms.IKey | None = None,
        log_bucket: s3.IBucket | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, StreamError)
        self._removal_policy = removal_policy
        self._cluster_name = choose_name(
            self, cluster_name, "cluster_name", check_cluster_name, max_length=64, effect="makes a new, empty cluster"
        )
        subnets = private_subnets_in_different_zones(vpc, vpc_subnets)
        self._kafka_version = kafka_version
        self._zones = subnets.zones
        nodes = subnets.zones if broker_nodes is None else broker_nodes
        if not subnets.is_pending_lookup:
            check_broker_nodes(nodes, zones=subnets.zones)
        refuse_express_brokers(broker_instance)
        largest = largest_storage(storage_gib_per_broker, max_storage_gib_per_broker)
        self.storage = BrokerStorage(initial_gib=storage_gib_per_broker, largest_gib=largest, brokers=nodes)
        self._plan = StoragePlan(self.storage)
        if not subnets.is_pending_lookup:
            self.node.add_validation(self._plan)
        self.security_group = build_security_group(
            self, vpc, cluster_name=self.cluster_name, removal_policy=removal_policy
        )
        self._security_groups = [self.security_group]
        self.encryption_key = encryption_key or build_key(
            self, description=f"Data of the Kafka cluster {self.cluster_name}", removal_policy=removal_policy
        )
        self.log = BrokerLog(
            self,
            "Log",
            cluster_name=self.cluster_name,
            retention=log_retention,
            encryption_key=log_encryption_key,
            bucket=log_bucket,
            removal_policy=removal_policy,
        )
        self.log_group = self.log.group
        self.configuration = self._build_configuration(server_properties or {}, zones=subnets.zones)
        self.resource = CfnCluster(
            self,
            "Resource",
            cluster_name=self.cluster_name,
            kafka_version=kafka_version.version,
            number_of_broker_nodes=nodes,
            broker_node_group_info=CfnCluster.BrokerNodeGroupInfoProperty(
                client_subnets=subnets.subnet_ids,
                instance_type=broker_instance.instance_type,
                security_groups=[self.security_group.security_group_id],
                storage_info=CfnCluster.StorageInfoProperty(
                    ebs_storage_info=CfnCluster.EBSStorageInfoProperty(volume_size=storage_gib_per_broker)
                ),
            ),
            client_authentication=CfnCluster.ClientAuthenticationProperty(
                sasl=CfnCluster.SaslProperty(iam=CfnCluster.IamProperty(enabled=True)),
                unauthenticated=CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            configuration_info=CfnCluster.ConfigurationInfoProperty(
                arn=self.configuration.attr_arn,
                revision=self.configuration.attr_latest_revision_revision,
            ),
            encryption_info=CfnCluster.EncryptionInfoProperty(
                encryption_at_rest=CfnCluster.EncryptionAtRestProperty(
                    data_volume_kms_key_id=self.encryption_key.key_arn
                ),
                encryption_in_transit=CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
            ),
            enhanced_monitoring=monitoring.value,
            logging_info=self.log.configuration(),
        )
        claim_name(self, "cluster", self.cluster_name)
        self.log.before_delivery(self.resource)
        self.resource.apply_removal_policy(removal_policy)
        keep_while_used(self.security_group, self.resource)
        self._cluster_arn = self.resource.attr_arn
        StorageGrowth(self, "Storage", cluster=self, max_gib_per_broker=largest)
        self._revision = content_digest(
            [kafka_version.version, broker_instance.instance_type, nodes, server_properties or {}]
        )[:16]
        self._bootstrap_servers = KafkaBootstrapServers(
            self, "BootstrapServers", arn=self.cluster_arn, cluster=self.resource, revision=self._revision
        ).servers

    @staticmethod
    def from_cluster_arn(
        scope: Construct,
        construct_id: str,
        cluster_arn: str,
        *,
        security_groups: Sequence[ec2.ISecurityGroup],
        bootstrap_servers: str | None = None,
        iam_enabled: bool = True,
        zones: int = 3,
    ) -> IKafkaCluster:
        """Import a provisioned cluster, see ImportedKafkaCluster."""
        return ImportedKafkaCluster(
            scope,
            construct_id,
            cluster_arn=cluster_arn,
            security_groups=security_groups,
            bootstrap_servers=bootstrap_servers,
            iam_enabled=iam_enabled,
            zones=zones,
        )

    def plan_topic(self, topic: PlannedTopic) -> None:
        """Check the brokers' storage against what the topic keeps, when all topics are known."""
        self._plan.add(topic)

    def add_disk_alarms(
        self, construct_id: str = "DiskAlarm", *, threshold_percent: int = ALARM_PERCENT
    ) -> Sequence[cloudwatch.Alarm]:
        """Add an alarm on the fullest disk of up to ten brokers; a full disk stops all writes to it.

        Parameters
        ----------
        construct_id
            Id of the alarm; a number is appended from the second alarm on.
        threshold_percent
            Default: 75, which topics within their ``expected_load`` never reach.

        Raises StreamError unless the threshold is 1 to 99.
        """
        return build_disk_alarms(self, construct_id, brokers=self.storage.brokers, threshold_percent=threshold_percent)

    def _build_configuration(self, properties: Mapping[str, str], *, zones: int) -> CfnConfiguration:
        configuration = CfnConfiguration(
            self,
            "Configuration",
            name=f"{self.cluster_name}-configuration",
            server_properties=render_properties({**default_properties(zones), **properties}),
        )
        configuration.apply_removal_policy(self._removal_policy)
        return configuration
