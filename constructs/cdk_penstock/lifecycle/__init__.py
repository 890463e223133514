"""Constructs that operate an application over its life: scaling, and the deployments around it."""

from __future__ import annotations

from cdk_penstock.lifecycle.kept_parallelism import KeptParallelism
from cdk_penstock.lifecycle.lag_metric import LagMetric
from cdk_penstock.lifecycle.lag_scaling import LagScaling
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.lifecycle.scheduled_scaling import ScheduledScaling
from cdk_penstock.model.arguments import check_arguments

__all__ = ("KeptParallelism", "LagMetric", "LagScaling", "ScalingError", "ScheduledScaling")

check_arguments(globals())
