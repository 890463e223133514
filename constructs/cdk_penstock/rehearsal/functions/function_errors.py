"""Errors of functions."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class FunctionError(PenstockError):
    """A failure of a function, as its caller sees it.

    Parameters
    ----------
    kind
        The type of the error.
    message
        Its message.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.message = message


class NotRunnableFunctionError(PenstockError):
    """A function that is not run here; the message says why."""
