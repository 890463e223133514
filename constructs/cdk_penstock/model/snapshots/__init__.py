"""Decisions on an application's snapshots: when to take one, which to keep and why, and which to delete."""

from __future__ import annotations

from cdk_penstock.model.snapshots.pruning import KeepRule, KeptSnapshot, PruningPlan, plan_pruning
from cdk_penstock.model.snapshots.retention import SnapshotRetention
from cdk_penstock.model.snapshots.taking import age_seconds, is_due, newest_ready, scheduled_name, snapshot_name

__all__ = (
    "KeepRule",
    "KeptSnapshot",
    "PruningPlan",
    "SnapshotRetention",
    "age_seconds",
    "is_due",
    "newest_ready",
    "plan_pruning",
    "scheduled_name",
    "snapshot_name",
)
