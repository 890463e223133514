"""The table ``[network]`` of an environment's file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from cdk_penstock.model.addresses import AddressPlan
from cdk_penstock.model.aws_services import AwsService
from stacks.environment.settings import WHOLE_NUMBER, Settings, allowed, text_of_form

Zone = Annotated[
    str, text_of_form(r"[a-z]{2,4}(-[a-z]+)+-\d+[a-z]", "the name of an availability zone, such as 'eu-central-1a'")
]


class NetworkSettings(Settings):
    """The VPC of cluster and applications: a new one, or one that exists."""

    vpc_id: (
        Annotated[str, text_of_form(r"vpc-[0-9a-f]{8,17}", "the id of a VPC, such as 'vpc-0123456789abcdef0'")] | None
    ) = None
    """An existing VPC of the account and Region; its private subnets are used."""
    cidr: str = "10.0.0.0/16"
    """The addresses of a new VPC; see docs/references.md before you change it."""
    zones: Annotated[Literal[2, 3], WHOLE_NUMBER] = 3
    """The number of availability zones of a new VPC, if they are not named."""
    availability_zones: list[Zone] | None = None
    """The names of two or three zones of a new VPC; without them, the account's first ones."""
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
            raise ValueError(f"got {names!r}, expected two or three different zones: MSK spreads its brokers over them")
        if len({name[:-1] for name in names}) > 1:
            raise ValueError(f"got {names!r}, expected zones of one Region")
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
            raise ValueError("cidr, zones and availability_zones are for a new VPC: leave them out with vpc_id")
        if self.availability_zones is not None and "zones" in self.model_fields_set:
            raise ValueError("availability_zones names the zones, and zones their number: leave one of them out")
        if self.existing_endpoints and self.vpc_id is None:
            raise ValueError("existing_endpoints are those of an existing VPC: name it with vpc_id")
        return self
