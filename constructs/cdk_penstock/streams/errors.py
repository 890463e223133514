"""Error of the streams and clusters."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class StreamError(PenstockError):
    """A stream, cluster or topic that AWS would refuse, or that would lose data."""
