"""What tells the resources of one physical name from those of another."""

from __future__ import annotations

import hashlib
from typing import Final

from aws_cdk import Token

__all__ = ("name_digest",)

_CHARACTERS: Final = 8


def name_digest(name: str) -> str:
    """Return eight characters that change with the name, empty for a name that only the deployment knows.

    In a construct's id they make another name another resource. What belongs to the old name is then left as it is,
    for the one of that name that stays, and not changed in place to the new one.
    """
    return "" if Token.is_unresolved(name) else hashlib.sha256(name.encode()).hexdigest()[:_CHARACTERS]
