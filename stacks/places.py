"""Where an environment is, where its events come from, and where its metrics go."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from penstock.model.addresses import AddressPlan
from penstock.model.aws_services import AwsService
from penstock.model.kafka import check_cluster_name, check_retention_ms, check_topic_name
from stacks.settings import WHOLE_NUMBER, Settings, allowed, text_of_form

__all__ = ("EventsSettings", "MetricsSettings", "NetworkSettings")

_MS_PER_HOUR = 3_600_000


class NetworkSettings(Settings):
    """The VPC of cluster and applications: one of its own, or one that exists."""

    vpc_id: (
        Annotated[str, text_of_form(r"vpc-[0-9a-f]{8,17}", "the id of a VPC, such as 'vpc-0123456789abcdef0'")] | None
    ) = None
    """An existing VPC of the account and Region; its private subnets are used."""
    cidr: str = "10.0.0.0/16"
    """The addresses of a VPC of its own; changing it replaces the VPC and all in it."""
    zones: Annotated[Literal[2, 3], WHOLE_NUMBER] = 3
    """In how many availability zones a VPC of its own is."""
    existing_endpoints: list[str] = Field(default_factory=list)
    """The services that have an endpoint in the existing VPC already, such as ``aps-workspaces``."""

    @field_validator("cidr")
    @classmethod
    def _cidr_is_allowed(cls, cidr: str) -> str:
        allowed(AddressPlan, cidr)
        return cidr

    @field_validator("existing_endpoints")
    @classmethod
    def _services_are_known(cls, names: list[str]) -> list[str]:
        for name in names:
            allowed(AwsService.of, name)
        return names

    @model_validator(mode="after")
    def _one_vpc(self) -> Self:
        if self.vpc_id is not None and {"cidr", "zones"} & self.model_fields_set:
            message = "cidr and zones are for a new VPC: leave them out with vpc_id"
            raise ValueError(message)
        if self.existing_endpoints and self.vpc_id is None:
            message = "existing_endpoints are those of an existing VPC: name it with vpc_id"
            raise ValueError(message)
        return self


class EventsSettings(Settings):
    """The Kafka cluster of the events, and their topics."""

    cluster_name: str
    """The physical name; changing it makes a new, empty cluster."""
    broker_instance: Annotated[
        str, text_of_form(r"kafka\.[a-z0-9]+\.[a-z0-9]+", "a type of broker, such as 'kafka.m7g.large'")
    ] = "kafka.m7g.large"
    """Of which there is one in each zone."""
    storage_gib_per_broker: Annotated[int, Field(ge=1, le=16_384)] = 100
    """To begin with; it grows up to ten times that."""
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


class MetricsSettings(Settings):
    """The workspaces of Amazon Managed Service for Prometheus and Amazon Managed Grafana."""

    workspace_name: Annotated[
        str, text_of_form(r"[a-zA-Z0-9._-]{1,100}", "1 to 100 letters, digits, dots, underscores and hyphens")
    ]
    """The name of both."""
    retention_days: Annotated[int, Field(ge=1, le=1095)] = 150
    dashboards: bool = True
    """Whether there is a Grafana workspace, to which people come through IAM Identity Center."""
