"""A key of KMS: its state and its rotations, as they are at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.policy_source import KeyState
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ON_DEMAND_ROTATIONS: Final = 25
"""The most rotations on demand of a key (KMS, RotateKeyOnDemand)."""
ROTATION_TAKES: Final = timedelta(minutes=1)
"""The time until a rotation on demand is complete; KMS names none."""
DEFAULT_PERIOD_DAYS: Final = 365
_AUTOMATIC: Final = "AUTOMATIC"
_ON_DEMAND: Final = "ON_DEMAND"


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A rotation: when it was complete, and its kind in KMS's words."""

    at: datetime
    kind: str


@dataclass(kw_only=True)
class Key:
    """A key.

    Parameters
    ----------
    arn
        Its ARN.
    created_at
        Its time of creation.
    policy_text
        Its policy as it was put; the world's authority has it to decide.
    description, spec, usage, origin, is_multi_region
        As at its creation.
    tags
        By key.
    is_enabled
        False after DisableKey, and after CancelKeyDeletion.
    deletion_at
        The end of the waiting period, None if the key is not pending deletion.
    pending_days
        The length of the waiting period.
    rotates_since
        The time from which the periods of automatic rotation count, None if it is off.
    period_days
        The period of automatic rotation.
    rotations
        The rotations, of which the last may lie in the future: it is in progress then.
    """

    arn: str
    created_at: datetime
    policy_text: str
    description: str = ""
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    is_multi_region: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    is_enabled: bool = True
    deletion_at: datetime | None = None
    pending_days: int = 0
    rotates_since: datetime | None = None
    period_days: int = DEFAULT_PERIOD_DAYS
    rotations: list[Rotation] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id."""
        return self.arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """Its account."""
        return self.arn.split(":")[4]

    @property
    def state(self) -> KeyState:
        """Its state."""
        if self.deletion_at is not None:
            return KeyState.PENDING_DELETION
        return KeyState.ENABLED if self.is_enabled else KeyState.DISABLED

    def check_not_pending(self) -> None:
        """Raise ServiceRefusedError if the key is pending deletion."""
        if self.deletion_at is not None:
            raise ServiceRefusedError("KMSInvalidStateException", f"{self.arn} is pending deletion.")

    def check_enabled(self) -> None:
        """Raise ServiceRefusedError unless the key is enabled."""
        self.check_not_pending()
        if not self.is_enabled:
            raise ServiceRefusedError("DisabledException", f"{self.arn} is disabled.")

    def check_rotates(self) -> None:
        """Raise ServiceRefusedError unless KMS rotates keys of this kind."""
        if (self.spec, self.origin) != ("SYMMETRIC_DEFAULT", "AWS_KMS"):
            raise ServiceRefusedError(
                "UnsupportedOperationException", f"{self.arn} is not a symmetric encryption key with material of KMS."
            )

    def rotate_on_demand(self, now: datetime) -> None:
        """Begin a rotation; raise ServiceRefusedError if one is in progress, or the key had as many as it may have."""
        if self.rotation_begun_at(now) is not None:
            raise ServiceRefusedError("ConflictException", f"A rotation of {self.arn} is already in progress.")
        if sum(each.kind == _ON_DEMAND for each in self.rotations) >= ON_DEMAND_ROTATIONS:
            raise ServiceRefusedError(
                "LimitExceededException", f"{self.arn} has been rotated on demand {ON_DEMAND_ROTATIONS} times."
            )
        self.rotations.append(Rotation(at=now + ROTATION_TAKES, kind=_ON_DEMAND))

    def rotation_begun_at(self, now: datetime) -> datetime | None:
        """Return the beginning of the rotation on demand that is in progress, None if there is none."""
        begun = [each.at - ROTATION_TAKES for each in self.rotations if each.at > now]
        return begun[0] if begun else None

    def next_automatic_rotation(self) -> datetime | None:
        """Return the time of the next automatic rotation, None if it is off."""
        return None if self.rotates_since is None else self.rotates_since + timedelta(days=self.period_days)

    def catch_up(self, now: datetime) -> None:
        """Make the automatic rotations that have come due; a key that cannot be used is not rotated meanwhile."""
        while (due := self.next_automatic_rotation()) is not None and due <= now:
            if self.state is KeyState.ENABLED:
                self.rotations.append(Rotation(at=due, kind=_AUTOMATIC))
            self.rotates_since = due

    def completed_rotations(self, now: datetime) -> list[Rotation]:
        """Return the rotations that are complete, the oldest first."""
        return sorted((each for each in self.rotations if each.at <= now), key=lambda each: each.at)

    def metadata(self) -> Mapping[str, Any]:
        """Return KeyMetadata."""
        described = {
            "AWSAccountId": self.account,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": self.created_at,
            "Enabled": self.state is KeyState.ENABLED,
            "Description": self.description,
            "KeyUsage": self.usage,
            "KeyState": self.state.value,
            "Origin": self.origin,
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": self.spec,
            "KeySpec": self.spec,
            "MultiRegion": self.is_multi_region,
        }
        if self.spec == "SYMMETRIC_DEFAULT":
            described["EncryptionAlgorithms"] = [self.spec]
        if self.deletion_at is not None:
            described["DeletionDate"] = self.deletion_at
        return described
