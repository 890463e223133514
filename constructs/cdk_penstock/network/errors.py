"""Error of the network constructs."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class NetworkError(PenstockError):
    """A network in which an application could not run, or could not reach a service that it needs."""
