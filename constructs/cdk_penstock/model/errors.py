"""The base of every error that penstock raises on purpose."""

from __future__ import annotations

__all__ = ("PenstockError",)


class PenstockError(Exception):
    """Something that the caller can mend; the message says what was got, what was expected and the fix."""
