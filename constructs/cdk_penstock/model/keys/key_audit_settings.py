"""The settings of the function that looks for permission windows and snapshots that a key sequence has left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class KeyAuditSettings:
    """The application, and its operator role."""

    application_name: str
    operator_role_arn: str
