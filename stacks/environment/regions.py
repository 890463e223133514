"""Checks of Regions and their services against lists, without an account."""

from __future__ import annotations

import difflib
from functools import cache, partial
from typing import TYPE_CHECKING

from aws_cdk.region_info import RegionInfo

from cdk_penstock.model.regions import check_service
from stacks.environment.settings import allowed

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_region(region: str) -> str:
    """Return the Region; raise ValueError for one in a part of the world where AWS has none.

    One with another number than those that the CDK knows may be newer than the CDK, and is let through.
    """
    area, _, number = region.rpartition("-")
    known = _known_regions()
    if area not in {each.rpartition("-")[0] for each in known} or not (number.isascii() and number.isdigit()):
        near = difflib.get_close_matches(region, known, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"got {region!r}, expected a Region that the installed CDK knows, such as 'eu-central-1'{hint}"
        )
    return region


def check_services(region: str, *, dashboards: bool) -> None:
    """Raise ValueError for a Region without a service that every environment uses, or that its dashboards do."""
    for service in ["AWS::APS::Workspace", *(["AWS::Grafana::Workspace"] if dashboards else [])]:
        allowed(partial(check_service, service), region)


def check_zones(region: str, zones: Sequence[str]) -> None:
    """Raise ValueError for availability zones of another Region."""
    for zone in zones:
        if zone[:-1] != region:
            raise ValueError(f"network.availability_zones: got {zone!r}, expected zones of {region}")


def check_roles(region: str, key: str, roles: Sequence[str]) -> None:
    """Raise ValueError for roles of another partition than that of the Region, where the CDK knows it."""
    partition = RegionInfo.get(region).partition
    for role in roles:
        if partition is not None and role.split(":")[1] != partition:
            raise ValueError(f"{key}: got {role!r}, expected roles of {region}: arn:{partition}:iam::...")


@cache
def _known_regions() -> list[str]:
    return sorted(str(region.name) for region in RegionInfo.regions)
