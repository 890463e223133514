"""Names and limits of Kafka and MSK: pure decisions about topics and brokers.

Sources: Kafka, topic configurations and "Internals: valid topic names"; MSK, "Amazon MSK cluster operations" and
CreateTopic; AWS::MSK::Topic.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

IAM_PORT: Final = 9098
"""The port on which brokers take clients with IAM and TLS (MSK, "Port information")."""

_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_CLUSTER: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,63}")
_KEY: Final = re.compile(r"[a-z0-9._]+")
_MIN_ZONES, _MAX_ZONES = 2, 3
_SERVER: Final = re.compile(r"[A-Za-z0-9.-]+:(?P<port>[0-9]{1,5})")
_MAX_PORT: Final = 65_535
_MAX_LONG: Final = 2**63 - 1


class KafkaError(PenstockError):
    """A name, a number or a configuration that Kafka or MSK would refuse."""


def check_topic_name(name: str) -> str:
    """Return the name of a topic, or raise KafkaError."""
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise KafkaError(f"a topic's name must be 1 to 249 letters, digits, '.', '_' or '-', got {name!r}")
    return name


def check_cluster_name(name: str) -> str:
    """Return the name of a cluster, or raise KafkaError."""
    if not _CLUSTER.fullmatch(name):
        raise KafkaError(
            f"a cluster's name must be 1 to 64 letters, digits or '-', and not begin with '-', got {name!r}"
        )
    return name


def check_group_name(name: str) -> str:
    """Return the name of a consumer group, or raise KafkaError if IAM would read it as a pattern."""
    return _check_one("a consumer group", name)


def check_transactional_id_prefix(prefix: str) -> str:
    """Return the prefix of transactional ids, or raise KafkaError if IAM would read it as a pattern."""
    return _check_one("a prefix of transactional ids", prefix)


def check_zones(zones: int) -> int:
    """Return the number of availability zones of a cluster, or raise KafkaError."""
    if not _MIN_ZONES <= zones <= _MAX_ZONES:
        raise KafkaError(f"a cluster's brokers are in {_MIN_ZONES} or {_MAX_ZONES} availability zones, got {zones}")
    return zones


def check_retention_ms(milliseconds: float) -> int:
    """Return a topic's retention in milliseconds, or raise KafkaError if retention.ms cannot have it."""
    if not 1 <= milliseconds <= _MAX_LONG:
        raise KafkaError(
            f"a topic's retention must be 1 to {_MAX_LONG} milliseconds, got {milliseconds:.15g}: with less, records"
            " expire before they can be read"
        )
    return int(milliseconds)


def check_broker_nodes(nodes: int, *, zones: int) -> int:
    """Return the number of brokers, or raise KafkaError if they cannot be spread evenly over the zones."""
    check_zones(zones)
    if nodes < zones or nodes % zones:
        raise KafkaError(f"the number of brokers must be a multiple of the {zones} availability zones, got {nodes}")
    return nodes


def client_ports(bootstrap_servers: str) -> tuple[int, int]:
    """Return the first and the last port in brokers' addresses, or raise KafkaError if it is not a list of them."""
    ports: list[int] = []
    for server in bootstrap_servers.split(","):
        found = _SERVER.fullmatch(server.strip())
        port = int(found["port"]) if found else 0
        if not 1 <= port <= _MAX_PORT:
            raise KafkaError(
                f"bootstrap_servers must be HOST:PORT, separated by commas, each port from 1 to {_MAX_PORT}, got"
                f" {server!r}"
            )
        ports.append(port)
    return min(ports), max(ports)


def default_properties(zones: int) -> dict[str, str]:
    """Return the brokers' properties with a replica in each zone, of which one may fail without a loss."""
    return {
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(zones),
        "min.insync.replicas": str(zones - 1),
        "offsets.topic.replication.factor": str(zones),
        "transaction.state.log.min.isr": str(zones - 1),
        "transaction.state.log.replication.factor": str(zones),
        # MSK's default is true, unlike Kafka's: a replica that lacks records could become the leader.
        "unclean.leader.election.enable": "false",
    }


def render_properties(properties: Mapping[str, str]) -> str:
    """Return the text of a properties file, in the order of its keys, or raise KafkaError for an impossible entry."""
    for key, value in properties.items():
        if not _KEY.fullmatch(key) or "\n" in value or not value:
            raise KafkaError(
                f"a Kafka property must be a key of small letters and a value on one line, got {key!r}={value!r}"
            )
    return "\n".join(f"{key}={properties[key]}" for key in sorted(properties))


def encode_properties(properties: Mapping[str, str]) -> str:
    """Return a properties file as AWS::MSK::Topic takes it, in Base64."""
    return base64.b64encode(render_properties(properties).encode()).decode()


def _check_one(kind: str, name: str) -> str:
    # IAM would read these as wildcards or as a policy variable, and allow more than intended.
    if not name or any(each in name for each in ("*", "?", "${")):
        raise KafkaError(f"{kind} must be a name without '*', '?' and '${{', got {name!r}: name each one")
    return name
