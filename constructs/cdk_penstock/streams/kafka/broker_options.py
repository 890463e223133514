"""Kafka versions, instance types and monitoring levels of a provisioned cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

_MINIMUM_FOR_NATIVE_TOPICS: Final = (3, 6)


@dataclass(frozen=True)
class KafkaVersion:
    """A version of Kafka on MSK; ``of`` takes one that has no constant yet."""

    version: str

    V3_7_X_KRAFT: ClassVar[KafkaVersion]
    V3_8_X_KRAFT: ClassVar[KafkaVersion]
    V3_9_X_KRAFT: ClassVar[KafkaVersion]
    V4_0_X_KRAFT: ClassVar[KafkaVersion]
    V4_1_X_KRAFT: ClassVar[KafkaVersion]

    @classmethod
    def of(cls, version: str) -> Self:
        """Return a version by its name in MSK."""
        return cls(version)

    @property
    def native_topics_allowed(self) -> bool:
        """True if MSK creates topics on this version (MSK, "Topic Operations"), or if the version cannot be parsed."""
        numbers = re.match(r"(\d+)\.(\d+)", self.version)
        return numbers is None or (int(numbers[1]), int(numbers[2])) >= _MINIMUM_FOR_NATIVE_TOPICS


KafkaVersion.V3_7_X_KRAFT = KafkaVersion("3.7.x.kraft")
KafkaVersion.V3_8_X_KRAFT = KafkaVersion("3.8.x.kraft")
KafkaVersion.V3_9_X_KRAFT = KafkaVersion("3.9.x.kraft")
KafkaVersion.V4_0_X_KRAFT = KafkaVersion("4.0.x.kraft")
KafkaVersion.V4_1_X_KRAFT = KafkaVersion("4.1.x.kraft")


@dataclass(frozen=True)
class BrokerInstance:
    """An instance type of Standard brokers; ``of`` takes one that has no constant."""

    instance_type: str

    T3_SMALL: ClassVar[BrokerInstance]
    M7G_LARGE: ClassVar[BrokerInstance]
    M7G_XLARGE: ClassVar[BrokerInstance]
    M7G_2XLARGE: ClassVar[BrokerInstance]
    M7G_4XLARGE: ClassVar[BrokerInstance]

    @classmethod
    def of(cls, instance_type: str) -> Self:
        """Return an instance type by its name, such as ``kafka.m7g.large``."""
        return cls(instance_type)


BrokerInstance.T3_SMALL = BrokerInstance("kafka.t3.small")
BrokerInstance.M7G_LARGE = BrokerInstance("kafka.m7g.large")
BrokerInstance.M7G_XLARGE = BrokerInstance("kafka.m7g.xlarge")
BrokerInstance.M7G_2XLARGE = BrokerInstance("kafka.m7g.2xlarge")
BrokerInstance.M7G_4XLARGE = BrokerInstance("kafka.m7g.4xlarge")


class KafkaMonitoring(StrEnum):
    """Level of detail of CloudWatch metrics; all levels but the first cost money."""

    DEFAULT = "DEFAULT"
    PER_BROKER = "PER_BROKER"
    PER_TOPIC_PER_BROKER = "PER_TOPIC_PER_BROKER"
    PER_TOPIC_PER_PARTITION = "PER_TOPIC_PER_PARTITION"
