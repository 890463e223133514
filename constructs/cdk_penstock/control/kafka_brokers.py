"""Addresses of the brokers of a cluster on MSK, which are no attribute in CloudFormation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from cdk_penstock.control.clients import Response

_ACTIVE = "ACTIVE"
_PASSING = frozenset({"CREATING", "UPDATING", "HEALING", "MAINTENANCE", "REBOOTING_BROKER"})


class KafkaClient(Protocol):
    """The client ``kafka``."""

    def describe_cluster_v2(self, **request: Any) -> Response:
        """Return ClusterInfo."""

    def get_bootstrap_brokers(self, **request: Any) -> Response:
        """Return the brokers' addresses by kind of authentication."""


def bootstrap_servers(client: KafkaClient, cluster_arn: str) -> str | None:
    """Return the addresses for clients with IAM and TLS, in a stable order; None while the cluster cannot say.

    Raises PenstockError for a cluster that failed or goes, and for one that takes no clients with IAM.
    """
    state = client.describe_cluster_v2(ClusterArn=cluster_arn)["ClusterInfo"]["State"]
    if state in _PASSING:
        return None
    if state != _ACTIVE:
        raise PenstockError(
            f"the cluster {cluster_arn} is {state} and has no brokers: repair or replace it, and deploy again"
        )
    found = client.get_bootstrap_brokers(ClusterArn=cluster_arn).get("BootstrapBrokerStringSaslIam")
    if not found:
        raise PenstockError(f"the cluster {cluster_arn} takes no clients with IAM: switch on IAM authentication")
    # MSK answers in another order each time, which would look like a change to whoever compares.
    return ",".join(sorted(str(found).split(",")))
