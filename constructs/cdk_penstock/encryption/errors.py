"""The error of this package."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class EncryptionError(PenstockError):
    """A customer managed key that would not work, or would not protect."""
