"""Releases of Apache Flink's connectors, and the Flink release that a connector's version names."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART_OF_FLINK: Final = re.compile(
    r"flink-(?:sql-)?connector-(?:base|files|datagen|hive|kafka|jdbc|kinesis|aws|cassandra|elasticsearch|gcp-pubsub"
    r"|hbase|pulsar|rabbitmq)(?:[-_.\d].*)?"
)
_FLINK_2: Final = {"kafka": "5.0.0-2.2", "aws-kinesis-streams": "6.0.0-2.0"}
_NEWEST: Final = {
    "FLINK-1_15": {"kafka": "1.15.4", "aws-kinesis-streams": "1.15.2", "jdbc": "1.15.4"},
    "FLINK-1_18": {
        "kafka": "3.2.0-1.18",
        "kinesis": "4.2.0-1.18",
        "opensearch": "1.1.0-1.18",
        "jdbc": "3.2.0-1.18",
    },
    "FLINK-1_19": {
        "kafka": "3.3.0-1.19",
        "kinesis": "4.3.0-1.19",
        "prometheus": "1.0.0-1.19",
        "opensearch": "1.2.0-1.19",
        "jdbc": "3.2.0-1.19",
    },
    "FLINK-1_20": {
        "kafka": "3.4.0-1.20",
        "aws-kinesis-streams": "5.1.0-1.20",
        "prometheus": "1.0.0-1.20",
        "opensearch": "1.2.0-1.19",
        "jdbc": "3.3.0-1.20",
    },
    "FLINK-2_2": _FLINK_2,
    "FLINK-2_3": _FLINK_2,
}


def newest_connectors(runtime: str) -> Mapping[str, str]:
    """Return the newest release of each connector for a runtime, given by its identifier, by Maven artifact."""
    return MappingProxyType({f"flink-connector-{name}": release for name, release in _NEWEST.get(runtime, {}).items()})


def is_built_for(release: tuple[int, int], artifact: str, version: str) -> bool:
    """Return True if this version of a connector runs on a Flink release, see ``FlinkRuntime.accepts_connector``."""
    base, _, built_for = version.rpartition("-")
    target = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)?", built_for)
    if target is None:
        return _PART_OF_FLINK.fullmatch(artifact) is None
    built = (int(target[1]), int(target[2]))
    if not base:
        return built == release or _PART_OF_FLINK.fullmatch(artifact) is None
    return built[0] == release[0] and built[1] <= release[1]
