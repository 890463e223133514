"""Deleted principals in a policy, which IAM shows by their unique id in place of their ARN.

Source: IAM, "AWS JSON policy elements: Principal" and "IAM identifiers", unique ids.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cdk_penstock.model.policies.documents import PolicyDocument

_UNIQUE_ID: Final = re.compile(r"(?:AROA|AIDA|AGPA)[A-Z0-9]{12,124}")
"""Unique ids of a role, a user and a group: 16 to 128 characters (IAM, API reference, RoleId)."""


def lost_principals(document: PolicyDocument) -> tuple[str, ...]:
    """Return the unique ids among a policy's principals, each once.

    A role that is created again under the same name has another id, so such a statement allows it nothing.
    """
    named = (
        principal
        for statement in document.statements
        for principals in (statement.principals, statement.not_principals)
        for principal in (principals or {}).get("AWS", ())
    )
    return tuple(dict.fromkeys(each for each in named if _UNIQUE_ID.fullmatch(each)))
