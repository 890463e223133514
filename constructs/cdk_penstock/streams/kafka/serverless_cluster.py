"""MSK Serverless cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.aws_msk import CfnServerlessCluster

from cdk_penstock.foundation.physical_names import check_unless_token, claim_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.kafka_rules import check_cluster_name
from cdk_penstock.model.regions import check_service
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.bootstrap import KafkaBootstrapServers
from cdk_penstock.streams.kafka.broker_network import build_security_group, private_subnets
from cdk_penstock.streams.kafka.cluster_base import KafkaClusterBase
from cdk_penstock.streams.kafka.imported_cluster import ImportedKafkaCluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from cdk_penstock.streams.kafka.cluster_base import IKafkaCluster

_MIN_ZONES = 2


@jsii.implements(ec2.IConnectable)
class ServerlessKafkaCluster(KafkaClusterBase):
    """A cluster whose capacity, distribution and encryption AWS manages, for clients that use IAM and TLS.

    **All of its properties are fixed at creation**, tags included: changing one creates a new, empty cluster, and the
    old one is kept. So the tags of the app, which may change, are not applied to it.

    Topics must be created by a Kafka client, because MSK's API does not support it (MSK, "Topic Operations"); import
    them with ``KafkaTopic.from_topic_name``. Each has three replicas. Configurable are only ``cleanup.policy``,
    ``compression.type``, ``max.message.bytes`` up to 8 MiB, timestamps and retention (MSK, "Configuration properties
    for MSK Serverless clusters").

    Parameters
    ----------
    vpc, vpc_subnets
        Private subnets in at least two availability zones.
    cluster_name
        The physical name. There is no default, because a name from the construct's path would change with it.
    removal_policy
        Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises StreamError for public subnets or too few of them, KafkaError for a name that MSK would refuse.
    """

    _is_serverless = True

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        cluster_name: str,
        vpc_subnets: ec2.SubnetSelection | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        check_service(CfnServerlessCluster.CFN_RESOURCE_TYPE_NAME, Stack.of(self).region)
        self._cluster_name = check_unless_token(cluster_name, check_cluster_name)
        subnets = private_subnets(vpc, vpc_subnets)
        if subnets.zones < _MIN_ZONES:
            raise StreamError(
                f"a serverless cluster is in at least {_MIN_ZONES} availability zones, got subnets in {subnets.zones}:"
                " pass vpc_subnets"
            )
        self.security_group = build_security_group(
            self, vpc, cluster_name=self.cluster_name, removal_policy=removal_policy
        )
        self._security_groups = [self.security_group]
        self.resource = CfnServerlessCluster(
            self,
            "Resource",
            cluster_name=self.cluster_name,
            client_authentication=CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=CfnServerlessCluster.SaslProperty(iam=CfnServerlessCluster.IamProperty(enabled=True))
            ),
            vpc_configs=[
                CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=subnets.subnet_ids, security_groups=[self.security_group.security_group_id]
                )
            ],
        )
        self.resource.apply_removal_policy(removal_policy)
        keep_while_used(self.security_group, self.resource)
        self.resource.add_property_deletion_override("Tags")
        self._cluster_arn = self.resource.attr_arn
        self._bootstrap_servers = KafkaBootstrapServers(
            self, "BootstrapServers", arn=self.cluster_arn, cluster=self.resource
        ).servers
        claim_name(self, "cluster", self.cluster_name)

    @staticmethod
    def from_cluster_arn(
        scope: Construct,
        construct_id: str,
        cluster_arn: str,
        *,
        security_groups: Sequence[ec2.ISecurityGroup],
        bootstrap_servers: str | None = None,
    ) -> IKafkaCluster:
        """Import a cluster of MSK Serverless, see ImportedKafkaCluster."""
        return ImportedKafkaCluster(
            scope,
            construct_id,
            cluster_arn=cluster_arn,
            security_groups=security_groups,
            bootstrap_servers=bootstrap_servers,
            is_serverless=True,
        )
