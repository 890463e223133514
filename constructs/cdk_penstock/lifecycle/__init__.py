"""Constructs that operate an application over its life: snapshots, and the packages of its code."""

from __future__ import annotations

from cdk_penstock.lifecycle.application_snapshots import ApplicationSnapshots
from cdk_penstock.lifecycle.artifact_retention import ArtifactRetention
from cdk_penstock.lifecycle.snapshot_schedule import SnapshotSchedule
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.snapshots import SnapshotRetention

__all__ = ("ApplicationSnapshots", "ArtifactRetention", "SnapshotRetention", "SnapshotSchedule")

check_arguments(globals())
