"""Constructs that operate an application: verified starts, rollbacks, snapshots, and scaling."""

from __future__ import annotations

from cdk_penstock.lifecycle.application_snapshots import ApplicationSnapshots
from cdk_penstock.lifecycle.artifact_retention import ArtifactRetention
from cdk_penstock.lifecycle.kept_parallelism import KeptParallelism
from cdk_penstock.lifecycle.lag_metric import LagMetric
from cdk_penstock.lifecycle.lag_scaling import LagScaling
from cdk_penstock.lifecycle.loop_rollback import LoopRollback
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.lifecycle.scheduled_scaling import ScheduledScaling
from cdk_penstock.lifecycle.snapshot_schedule import SnapshotSchedule
from cdk_penstock.lifecycle.verified_start import VerifiedStart
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.snapshots import SnapshotRetention

__all__ = (
    "ApplicationSnapshots",
    "ArtifactRetention",
    "KeptParallelism",
    "LagMetric",
    "LagScaling",
    "LoopRollback",
    "ScalingError",
    "ScheduledScaling",
    "SnapshotRetention",
    "SnapshotSchedule",
    "VerifiedStart",
)

check_arguments(globals())
