"""Errors of a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.engine.resources import Made


class RehearsalError(PenstockError):
    """An assembly that cannot be rehearsed as it is, or a mistake in what was asked for."""


class DeniedError(PenstockError):
    """A call that the policies of the rehearsal do not allow; the message is AWS's, with the reason."""


class ResourceFailedError(PenstockError):
    """A resource that could not be created, updated or deleted; CloudFormation rolls its stack back.

    Parameters
    ----------
    message
        Why.
    made
        The resource, if a failed creation has left something that is deleted in the rollback. Default: nothing.
    """

    def __init__(self, message: str, *, made: Made | None = None) -> None:
        super().__init__(message)
        self.made = made
