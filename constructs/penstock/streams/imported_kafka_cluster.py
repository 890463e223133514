"""Clusters that were made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Fn, Token
from aws_cdk import aws_ec2 as ec2

from penstock.foundation.other_places import OtherPlace, warn_of_other_account
from penstock.foundation.references import splittable
from penstock.streams.errors import StreamError
from penstock.streams.kafka_bootstrap import KafkaBootstrapServers
from penstock.streams.kafka_cluster_base import KafkaClusterBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

__all__ = ("ImportedKafkaCluster",)


@jsii.implements(ec2.IConnectable)
class ImportedKafkaCluster(KafkaClusterBase):
    """A cluster that another stack, or nobody's stack, has created.

    Parameters
    ----------
    cluster_arn
        The cluster, serverless or provisioned.
    security_groups
        Those of its brokers, to which rules for clients are added.
    bootstrap_servers
        Its brokers' addresses for clients with IAM and TLS. Default: MSK is asked for them during the deployment.
    takes_iam
        Whether clients come with IAM. Default: yes.
    is_serverless
        Whether it is one of MSK Serverless. Default: no.
    zones
        In how many availability zones its brokers are. Default: three.

    Raises StreamError for what is no cluster's ARN, and for a cluster without addresses that takes no IAM or is in
    another account or Region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_arn: str,
        security_groups: Sequence[ec2.ISecurityGroup],
        bootstrap_servers: str | None = None,
        takes_iam: bool = True,
        is_serverless: bool = False,
        zones: int = 3,
    ) -> None:
        super().__init__(scope, construct_id)
        self._cluster_arn = cluster_arn
        self._cluster_name = _name_in(splittable(cluster_arn, consumer=self))
        self._security_groups = list(security_groups)
        self._takes_iam = takes_iam
        self._is_serverless = is_serverless
        self._zones = zones
        warn_of_other_account(
            self,
            cluster_arn,
            needs="the cluster's policy must allow the job's role the kafka-cluster actions that are granted here, and"
            " a managed VPC connection must lead to it (msk/latest/developerguide, aws-access-mult-vpc)",
        )
        self._bootstrap_servers = bootstrap_servers or self._ask_for_servers()

    def _ask_for_servers(self) -> str:
        elsewhere = OtherPlace.of(self, self.cluster_arn)
        if elsewhere.account or elsewhere.region:
            message = (
                f"cluster {self.cluster_arn} is in {elsewhere}, where MSK is not asked for its brokers: pass"
                " bootstrap_servers, the addresses under which the application's VPC reaches them"
            )
            raise StreamError(message)
        if not self.takes_iam:
            message = (
                f"cluster {self.node.path} takes no IAM, so MSK has no addresses for clients with IAM: pass"
                " bootstrap_servers"
            )
            raise StreamError(message)
        return KafkaBootstrapServers(self, "BootstrapServers", arn=self.cluster_arn).servers


def _name_in(cluster_arn: str) -> str:
    name = cluster_arn.partition(":cluster/")[2].partition("/")[0]
    if name:
        return name
    if Token.is_unresolved(cluster_arn):
        return Fn.select(1, Fn.split("/", cluster_arn))
    message = f"expected the ARN of a cluster, arn:...:cluster/NAME/ID, got {cluster_arn!r}"
    raise StreamError(message)
