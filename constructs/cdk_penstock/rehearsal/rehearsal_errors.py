"""Errors of a rehearsal."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class RehearsalError(PenstockError):
    """An assembly that cannot be rehearsed as it is, or a mistake in what was asked for."""


class DeniedError(PenstockError):
    """A call that the policies of the rehearsal do not allow; the message is AWS's, with the reason."""


class ResourceFailedError(PenstockError):
    """A resource that could not be created, updated or deleted; CloudFormation rolls its stack back."""
