"""Which Regions there are, from the CDK's own list: no account is asked."""

from __future__ import annotations

import difflib
from functools import cache

from aws_cdk.region_info import RegionInfo

__all__ = ("check_region",)


def check_region(region: str) -> str:
    """Return the Region; raise ValueError for one in a part of the world where AWS has none.

    One with another number than those that the CDK knows may be newer than the CDK, and is let through.
    """
    area, _, number = region.rpartition("-")
    known = _known_regions()
    if area not in {each.rpartition("-")[0] for each in known} or not (number.isascii() and number.isdigit()):
        near = difflib.get_close_matches(region, known, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        message = f"got {region!r}, expected a Region that the installed CDK knows, such as 'eu-central-1'{hint}"
        raise ValueError(message)
    return region


@cache
def _known_regions() -> list[str]:
    return sorted(str(region.name) for region in RegionInfo.regions)
