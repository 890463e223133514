"""The error of this package."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError

__all__ = ("LifecycleError",)


class LifecycleError(PenstockError):
    """An action of a deployment that could not work."""
