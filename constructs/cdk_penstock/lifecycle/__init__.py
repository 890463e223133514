"""Constructs that operate an application over its life: scaling, and the deployments around it."""

from __future__ import annotations

from cdk_penstock.lifecycle.kept_parallelism import KeptParallelism
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.model.arguments import check_arguments

__all__ = ("KeptParallelism", "ScalingError")

check_arguments(globals())
