"""The table ``[events]`` of an environment's file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from cdk_penstock.model.kafka_rules import KafkaError, check_cluster_name, check_retention_ms, check_topic_name
from cdk_penstock.model.kafka_storage import MAX_STORAGE_GIB, BrokerStorage, PlannedTopic, TopicLoad
from cdk_penstock.streams.kafka.broker_storage import largest_storage
from stacks.environment.settings import Settings, allowed, text_of_form

_MS_PER_HOUR = 3_600_000


class EventLoadSettings(Settings):
    """The load of the topic of events, the mean of its retention."""

    events_per_second: Annotated[int, Field(ge=1, le=100_000_000)]
    event_bytes: Annotated[int, Field(ge=1, le=10_485_760)]
    """An event with its key, before compression."""
    compression_ratio: Annotated[float, Field(ge=1, le=1000)] = 1.0
    """The size before compression by the size after it."""

    @property
    def topic_load(self) -> TopicLoad:
        """The load, to plan the topic with."""
        return TopicLoad(
            records_per_second=self.events_per_second,
            record_bytes=self.event_bytes,
            compression_ratio=self.compression_ratio,
        )


class EventsSettings(Settings):
    """The Kafka cluster of the events, and their topics."""

    cluster_name: str
    """The physical name; changing it makes a new, empty cluster."""
    broker_instance: Annotated[
        str, text_of_form(r"kafka\.[a-z0-9]+\.[a-z0-9]+", "a type of broker, such as 'kafka.m7g.large'")
    ] = "kafka.m7g.large"
    """The type of the brokers; there is one in each zone."""
    storage_gib_per_broker: Annotated[int, Field(ge=1, le=MAX_STORAGE_GIB)] = 100
    """The initial size; MSK grows it up to ten times that."""
    load: EventLoadSettings | None = None
    """The load that the storage has to hold. Default: the generator's; without one, the storage is not checked."""
    topic: str | None = None
    dead_letters_topic: str | None = None
    """The names of the topics. Default: the workload's."""
    partitions: Annotated[int, Field(ge=1)] = 12
    """Partitions of the topic of events; the number can only be raised."""
    retention_hours: Annotated[int, Field(ge=1)] = 168
    """Hours that events and dead letters are kept."""

    @field_validator("cluster_name")
    @classmethod
    def _name_is_allowed(cls, name: str) -> str:
        return allowed(check_cluster_name, name)

    @field_validator("topic", "dead_letters_topic")
    @classmethod
    def _topic_is_allowed(cls, name: str | None) -> str | None:
        return None if name is None else allowed(check_topic_name, name)

    @field_validator("retention_hours")
    @classmethod
    def _retention_is_allowed(cls, hours: int) -> int:
        allowed(check_retention_ms, hours * _MS_PER_HOUR)
        return hours

    @property
    def retention_bytes_per_partition(self) -> int:
        """The limit of each partition of both topics, with which no broker's disk fills; each has a replica of all."""
        storage = BrokerStorage(
            initial_gib=self.storage_gib_per_broker, largest_gib=self.storage_gib_per_broker, brokers=1
        )
        return storage.partition_limit_bytes(self.partitions + 1)

    def check_load(self, load: TopicLoad, *, zones: int) -> None:
        """Raise KafkaError for storage in which events would not stay for the retention; one broker is in each zone."""
        storage = BrokerStorage(
            initial_gib=self.storage_gib_per_broker,
            largest_gib=largest_storage(self.storage_gib_per_broker, None),
            brokers=zones,
        )
        planned = PlannedTopic(
            name=self.topic or "events",
            load=load,
            partitions=self.partitions,
            replication_factor=zones,
            retention_hours=self.retention_hours,
            retention_bytes=self.retention_bytes_per_partition,
        )
        enough = storage.gib_for_limit(planned.partition_bytes, (self.partitions + 1) * zones)
        if self.storage_gib_per_broker < enough:
            raise KafkaError(
                f"storage_gib_per_broker: got {self.storage_gib_per_broker}, in which events stay"
                f" {planned.held_hours:.0f} hours, expected {enough} for {planned}: raise it, or shorten"
                " retention_hours"
            )
        storage.check([planned])

    @model_validator(mode="after")
    def _partitions_fit_into_the_storage(self) -> Self:
        allowed(lambda settings: settings.retention_bytes_per_partition, self)
        return self
