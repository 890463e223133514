"""The error of an argument."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class ArgumentError(PenstockError, TypeError):
    """An argument of a wrong type, or without a parameter."""
