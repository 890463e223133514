"""The base of every error that penstock raises on purpose."""

from __future__ import annotations

__all__ = ("PenstockError",)


class PenstockError(Exception):
    """A mistake that the caller can correct; the message says what was got, what was expected, and the fix."""
