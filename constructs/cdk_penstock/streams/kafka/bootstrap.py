"""Where a cluster's brokers are, read when the cluster can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from constructs import Construct

from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.foundation.references import follow_changes
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource

if TYPE_CHECKING:
    from aws_cdk import CfnResource

__all__ = ("KafkaBootstrapServers",)


class KafkaBootstrapServers(Construct):
    """The addresses of a cluster's brokers for clients with IAM and TLS.

    They are no attribute of the cluster in CloudFormation. A lookup during synthesis would know nothing of a new
    cluster, so a custom resource asks MSK once the cluster is active, and again whenever its template changes.

    References from other stacks are weak: with more than three brokers MSK names three of them, other ones each time it
    is asked, and CloudFormation changes no value that is imported. Each broker leads a client to all others. What must
    not become stale, which cluster it is, is in the strong references to its ARN that every client has.

    Parameters
    ----------
    arn
        The cluster.
    cluster
        Its resource, where this app has it, which comes first. Default: there is none to wait for.
    revision
        What changes whenever the addresses may have. Default: they are asked for once.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        arn: str,
        cluster: CfnResource | None = None,
        revision: str = "",
    ) -> None:
        super().__init__(scope, construct_id)
        provider = ControlProvider.of(self, "kafka_bootstrap_brokers")
        provider.allow(["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"], resource=arn)
        self._resource = provider.build_resource(
            self,
            "Resource",
            KafkaBootstrapBrokersResource(cluster_arn=arn, cluster_revision=revision),
        )
        if cluster is not None:
            self._resource.node.add_dependency(cluster)
        follow_changes(cast("CfnResource", self._resource.node.default_child))

    @property
    def servers(self) -> str:
        """The addresses, separated by commas, in a stable order."""
        return self._resource.get_att_string("BootstrapServers")
