"""Decisions on an application's customer managed keys: which an operation involves, and the next step to a goal."""

from __future__ import annotations

from cdk_penstock.model.keys.dry_run import plan
from cdk_penstock.model.keys.goals import Disable, Enable, Goal, PurgeSnapshots, RotateOnDemand, RotateToNewKey
from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation, keys_involved
from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyArn, KeyAssignment, KeyType
from cdk_penstock.model.keys.observed_application import (
    KeyFacts,
    ObservedApplication,
    Restart,
    Snapshot,
)
from cdk_penstock.model.keys.planner import next_action
from cdk_penstock.model.keys.steps import Action
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus, SnapshotStatus

__all__ = (
    "AWS_OWNED",
    "STEADY_STATUSES",
    "Action",
    "ApplicationStatus",
    "Disable",
    "Enable",
    "Goal",
    "KeyArn",
    "KeyAssignment",
    "KeyFacts",
    "KeyType",
    "KeyUse",
    "LifecycleOperation",
    "ObservedApplication",
    "PurgeSnapshots",
    "Restart",
    "RotateOnDemand",
    "RotateToNewKey",
    "Snapshot",
    "SnapshotStatus",
    "keys_involved",
    "next_action",
    "plan",
)
