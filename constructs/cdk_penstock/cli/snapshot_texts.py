"""Snapshots and the rules that keep them, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.snapshots import PruningPlan


def snapshot_fields(snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """Return a snapshot for scripts."""
    return {
        "name": snapshot.name,
        "createdAt": snapshot.created_at.isoformat(),
        "ageSeconds": max(0, int((now - snapshot.created_at).total_seconds())),
        "version": snapshot.application_version_id,
        "status": snapshot.status.value,
        "key": str(snapshot.encryption),
        "keptBy": [],
    }


def kept_fields(plan: PruningPlan, now: datetime) -> list[dict[str, Any]]:
    """Return the snapshots that a plan keeps, each with its rules, from the newest on."""
    return [snapshot_fields(each.snapshot, now) | {"keptBy": [rule.value for rule in each.rules]} for each in plan.kept]


def rules_text(fields: dict[str, Any]) -> str:
    """Return the rules that keep a snapshot."""
    return ", ".join(fields["keptBy"]) or "no rule keeps it"


def key_text(fields: dict[str, Any]) -> str:
    """Return enough of a snapshot's key to tell it from others in a table."""
    _, is_arn, key_id = str(fields["key"]).rpartition("/")
    return f"{key_id[:8]}..." if is_arn else "AWS-owned"


def warnings_of(plan: PruningPlan) -> Iterator[str]:
    """Yield why nothing is deleted, and that the limit is near."""
    if plan.blocked:
        yield f"nothing is deleted: {plan.blocked}"
    if plan.near_limit:
        yield (
            f"{len(plan.kept)} snapshots are kept: with {MAXIMUM_SNAPSHOTS}, MSF takes none on request (only by itself,"
            " at a stop or an update): keep fewer, or delete pinned ones"
        )


def age_text(seconds: float) -> str:
    """Return an age in its two largest units."""
    minutes = int(seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
