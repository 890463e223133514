"""Import of Kafka clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Annotations, Fn, Stack, Token
from aws_cdk import aws_ec2 as ec2

from cdk_penstock.foundation.elsewhere import OTHER_ACCOUNT_WARNING, is_of_other_account, is_of_other_region
from cdk_penstock.foundation.references import splittable
from cdk_penstock.model.kafka_rules import check_zones, client_ports
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.bootstrap import KafkaBootstrapServers
from cdk_penstock.streams.kafka.cluster_base import KafkaClusterBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct


@jsii.implements(ec2.IConnectable)
class ImportedKafkaCluster(KafkaClusterBase):
    """A cluster that was created outside of this app.

    Parameters
    ----------
    cluster_arn
        The cluster, serverless or provisioned.
    security_groups
        The brokers' security groups, which get the rules for clients. For a cluster of another account: those of the
        managed VPC connection to it (MSK, "Multi-VPC private connectivity"). For a cluster of another Region: none.
    bootstrap_servers
        The brokers' addresses for clients that use IAM and TLS. Default: MSK returns them during the deployment, for a
        cluster of this account and Region.
    iam_enabled
        True if the cluster authenticates clients with IAM. Default: True.
    is_serverless
        True for MSK Serverless. Default: False.
    zones
        Number of the brokers' availability zones, two or three. Default: three.

    Raises StreamError for a text that is not the ARN of a cluster, for missing ``bootstrap_servers`` of a cluster
    without IAM, of another account or of another Region, and for security groups in another Region. Raises KafkaError
    for ``bootstrap_servers`` that are not addresses.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_arn: str,
        security_groups: Sequence[ec2.ISecurityGroup],
        bootstrap_servers: str | None = None,
        iam_enabled: bool = True,
        is_serverless: bool = False,
        zones: int = 3,
    ) -> None:
        super().__init__(scope, construct_id)
        self._cluster_arn = cluster_arn
        self._cluster_name = _name_in(splittable(cluster_arn, consumer=self))
        self._security_groups = list(security_groups)
        self._iam_enabled = iam_enabled
        self._is_serverless = is_serverless
        self._zones = check_zones(zones)
        if not Token.is_unresolved(cluster_arn):
            self._check_place(cluster_arn, has_servers=bool(bootstrap_servers))
        if bootstrap_servers and not Token.is_unresolved(bootstrap_servers):
            self._ports = client_ports(bootstrap_servers)
        self._bootstrap_servers = bootstrap_servers or self._ask_for_servers()

    def _check_place(self, cluster_arn: str, *, has_servers: bool) -> None:
        region, account = cluster_arn.split(":")[3:5]
        is_other_account = is_of_other_account(self, account)
        if not has_servers and (is_other_account or is_of_other_region(self, region)):
            raise StreamError(
                f"cluster {cluster_arn} is not of this account and Region ({Stack.of(self).account},"
                f" {Stack.of(self).region}), so MSK returns no addresses that a client here can reach: pass"
                " bootstrap_servers, for another account those of your managed VPC connection to it"
            )
        if self._security_groups and is_of_other_region(self, region):
            raise StreamError(
                f"cluster {cluster_arn} is in {region}, and a rule cannot name a security group of another Region: pass"
                " security_groups=[], and have its owner let in the addresses of the clients' subnets"
            )
        if is_other_account:
            Annotations.of(self).add_warning_v2(
                OTHER_ACCOUNT_WARNING,
                f"{self.node.path} is of account {account}, and IAM in account {Stack.of(self).account} alone does not"
                " open it: have its owner put a cluster policy (kafka:PutClusterPolicy) that allows this account"
                f" kafka:CreateVpcConnection, kafka:GetBootstrapBrokers and kafka:DescribeCluster on {cluster_arn}, and"
                " kafka-cluster:Connect, DescribeCluster, DescribeTopic, ReadData, WriteData, WriteDataIdempotently,"
                " DescribeGroup and AlterGroup on it, its topics and its groups",
            )

    def _ask_for_servers(self) -> str:
        if not self.iam_enabled:
            raise StreamError(
                f"cluster {self.node.path} has IAM authentication disabled, so MSK returns no addresses for it: pass"
                " bootstrap_servers"
            )
        return KafkaBootstrapServers(self, "BootstrapServers", arn=self.cluster_arn).servers


def _name_in(cluster_arn: str) -> str:
    name = cluster_arn.partition(":cluster/")[2].partition("/")[0]
    if name and (Token.is_unresolved(cluster_arn) or cluster_arn.split(":")[2] == "kafka"):
        return name
    if Token.is_unresolved(cluster_arn):
        return Fn.select(1, Fn.split("/", cluster_arn))
    raise StreamError(
        f"expected the ARN of a cluster, arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/ID, got {cluster_arn!r}"
    )
