"""The error of scaling that would not work."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class ScalingError(PenstockError):
    """Scaling that MSF would refuse, that could not take effect, or that another scaling would undo."""
