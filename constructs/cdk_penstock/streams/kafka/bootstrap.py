"""Addresses of a cluster's brokers, read during the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from constructs import Construct

from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.foundation.references import follow_changes
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource

if TYPE_CHECKING:
    from aws_cdk import CfnResource


class KafkaBootstrapServers(Construct):
    """The addresses of a cluster's brokers for clients that use IAM and TLS.

    CloudFormation has no attribute for them, and a lookup during synthesis finds no new cluster. So a custom resource
    calls MSK when the cluster is active, and again whenever its template changes.

    References from other stacks are weak: of more than three brokers MSK returns any three, different ones in each
    call, and CloudFormation refuses to change an imported value. A stale list does no harm, because each broker leads a
    client to all others. The cluster itself must not become stale: every client has a strong reference to its ARN.

    Parameters
    ----------
    arn
        The cluster.
    cluster
        Its resource, if this app creates it, so that MSK is called after it. Default: an existing cluster.
    revision
        A text that changes whenever the addresses may have changed. Default: MSK is called once.
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
