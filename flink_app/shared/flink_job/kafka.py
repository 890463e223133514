"""Options of Kafka tables: where the brokers are and how a client proves who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flink_job.declarations import Choice, Text

if TYPE_CHECKING:
    from flink_job.properties import PropertyGroup

BOOTSTRAP_SERVERS = Text("bootstrap.servers", "addresses of the brokers")
AUTHENTICATION = Choice("authentication", "IAM over TLS, or plain text", "iam", allowed=("iam", "none"))

_IAM_OPTIONS = {
    "properties.security.protocol": "SASL_SSL",
    "properties.sasl.mechanism": "AWS_MSK_IAM",
    "properties.sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "properties.sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}


@dataclass(frozen=True)
class KafkaCluster:
    """A cluster; ``iam`` is MSK with IAM authentication over TLS, ``none`` is plain text for a loopback broker."""

    bootstrap_servers: str
    authentication: str

    @classmethod
    def of(cls, group: PropertyGroup) -> KafkaCluster:
        """Read the keys that every group with a topic has."""
        return cls(BOOTSTRAP_SERVERS.read(group), AUTHENTICATION.read(group))

    def options(self) -> dict[str, str]:
        """Options of every table on this cluster."""
        options = {"connector": "kafka", "properties.bootstrap.servers": self.bootstrap_servers}
        return options | _IAM_OPTIONS if self.authentication == "iam" else options
