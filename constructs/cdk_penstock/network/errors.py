"""What the network constructs refuse."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError

__all__ = ("NetworkError",)


class NetworkError(PenstockError):
    """A network in which an application could not run, or could not reach what it needs."""
