"""Tables of an environment's file for network, events and metrics."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from cdk_penstock.model.addresses import AddressPlan
from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.model.kafka import KafkaError, check_cluster_name, check_retention_ms, check_topic_name
from cdk_penstock.model.kafka_storage import MAX_STORAGE_GIB, BrokerStorage, PlannedTopic, TopicLoad
from cdk_penstock.streams.kafka.broker_storage import largest_storage
from stacks.settings import WHOLE_NUMBER, Settings, allowed, text_of_form

__all__ = ("EventLoadSettings", "EventsSettings", "MetricsSettings", "NetworkSettings")

_MS_PER_HOUR = 3_600_000


Zone = Annotated[
    str, text_of_form(r"[a-z]{2,4}(-[a-z]+)+-\d+[a-z]", "the name of an availability zone, such as 'eu-central-1a'")
]


class NetworkSettings(Settings):
    """The VPC of cluster and applications: one of its own, or one that exists."""

    vpc_id: (
        Annotated[str, text_of_form(r"vpc-[0-9a-f]{8,17}", "the id of a VPC, such as 'vpc-0123456789abcdef0'")] | None
    ) = None
    """An existing VPC of the account and Region; its private subnets are used."""
    cidr: str = "10.0.0.0/16"
    """The addresses of a VPC of its own; changing it replaces the VPC and all in it."""
    zones: Annotated[Literal[2, 3], WHOLE_NUMBER] = 3
    """In how many availability zones a VPC of its own is, where they are not named."""
    availability_zones: list[Zone] | None = None
    """The names of two or three zones of a VPC of its own; without them, the account's first ones."""
    existing_endpoints: list[str] = Field(default_factory=list)
    """The services that have an endpoint in the existing VPC already, such as ``aps-workspaces``."""

    @field_validator("cidr")
    @classmethod
    def _cidr_is_allowed(cls, cidr: str) -> str:
        allowed(AddressPlan, cidr)
        return cidr

    @field_validator("availability_zones")
    @classmethod
    def _zones_are_of_one_region(cls, zones: list[str] | None) -> list[str] | None:
        names = zones or []
        if (zones is not None and len(set(names)) not in {2, 3}) or len(set(names)) != len(names):
            message = f"got {names!r}, expected two or three different zones: MSK spreads its brokers over them"
            raise ValueError(message)
        if len({name[:-1] for name in names}) > 1:
            message = f"got {names!r}, expected zones of one Region"
            raise ValueError(message)
        return zones

    @field_validator("existing_endpoints")
    @classmethod
    def _services_are_known(cls, names: list[str]) -> list[str]:
        for name in names:
            allowed(AwsService.of, name)
        return names

    @model_validator(mode="after")
    def _one_vpc(self) -> Self:
        if self.vpc_id is not None and {"availability_zones", "cidr", "zones"} & self.model_fields_set:
            message = "cidr, zones and availability_zones are for a new VPC: leave them out with vpc_id"
            raise ValueError(message)
        if self.availability_zones is not None and "zones" in self.model_fields_set:
            message = "availability_zones names the zones, and zones their number: leave one of them out"
            raise ValueError(message)
        if self.existing_endpoints and self.vpc_id is None:
            message = "existing_endpoints are those of an existing VPC: name it with vpc_id"
            raise ValueError(message)
        return self


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
    """Of which there is one in each zone."""
    storage_gib_per_broker: Annotated[int, Field(ge=1, le=MAX_STORAGE_GIB)] = 100
    """To begin with; it grows up to ten times that."""
    load: EventLoadSettings | None = None
    """The load that the storage has to hold. Default: the generator's; without one, the storage is not checked."""
    topic: str | None = None
    dead_letters_topic: str | None = None
    """The topics; without a name, the workload's own."""
    partitions: Annotated[int, Field(ge=1)] = 12
    """Of the events; they can only be added."""
    retention_hours: Annotated[int, Field(ge=1)] = 168
    """Of events and dead letters."""

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
            message = (
                f"storage_gib_per_broker: got {self.storage_gib_per_broker}, in which events stay"
                f" {planned.held_hours:.0f} hours, expected {enough} for {planned}: raise it, or shorten"
                " retention_hours"
            )
            raise KafkaError(message)
        storage.check([planned])

    @model_validator(mode="after")
    def _partitions_fit_into_the_storage(self) -> Self:
        allowed(lambda settings: settings.retention_bytes_per_partition, self)
        return self


class MetricsSettings(Settings):
    """The workspaces of Amazon Managed Service for Prometheus and Amazon Managed Grafana."""

    workspace_name: Annotated[
        str, text_of_form(r"[a-zA-Z0-9._-]{1,100}", "1 to 100 letters, digits, dots, underscores and hyphens")
    ]
    """The name of both."""
    retention_days: Annotated[int, Field(ge=1, le=1095)] = 150
    dashboards: bool = True
    """Whether there is a Grafana workspace, to which people come through IAM Identity Center."""
