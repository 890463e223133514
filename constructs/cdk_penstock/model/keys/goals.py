"""Goals for the key of an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyAssignment

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class _UseKey:
    key_arn: str
    soak_seconds: int = 0

    @property
    def target(self) -> KeyAssignment:
        """The encryption of the application in the end."""
        return KeyAssignment.customer_managed(self.key_arn)


class Enable(_UseKey):
    """Encrypt an application, so far on the AWS-owned key, with a customer managed key."""


class RotateToNewKey(_UseKey):
    """Change from one customer managed key to another."""


@dataclass(frozen=True, kw_only=True)
class Disable:
    """Go back to the AWS-owned key, explicitly."""

    soak_seconds: int = 0

    @property
    def target(self) -> KeyAssignment:
        """The encryption of the application in the end."""
        return AWS_OWNED


@dataclass(frozen=True, kw_only=True)
class RotateOnDemand:
    """Rotate the material of the configured key, and restart, without which it is not used.

    A rotation at or after ``rotated_since`` is taken as this goal's own, so that a run which was killed goes on rather
    than rotating again: KMS rotates a key on demand 25 times at most.
    """

    rotated_since: datetime
    soak_seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class PurgeSnapshots:
    """Delete the snapshots under other keys than the configured one."""

    soak_seconds: int = 0


Goal = Enable | RotateToNewKey | Disable | RotateOnDemand | PurgeSnapshots
