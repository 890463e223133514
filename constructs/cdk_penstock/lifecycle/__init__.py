"""Constructs that operate an application: verified starts, rollbacks, and scaling that deployments keep."""

from __future__ import annotations

from cdk_penstock.lifecycle.kept_parallelism import KeptParallelism
from cdk_penstock.lifecycle.lag_metric import LagMetric
from cdk_penstock.lifecycle.lag_scaling import LagScaling
from cdk_penstock.lifecycle.loop_rollback import LoopRollback
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.lifecycle.scheduled_scaling import ScheduledScaling
from cdk_penstock.lifecycle.verified_start import VerifiedStart
from cdk_penstock.model.arguments import check_arguments

__all__ = (
    "KeptParallelism",
    "LagMetric",
    "LagScaling",
    "LoopRollback",
    "ScalingError",
    "ScheduledScaling",
    "VerifiedStart",
)

check_arguments(globals())
