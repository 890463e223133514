"""The input of the key planner: the application, its snapshots, its keys and the open permission windows.

All of it is read again from AWS before each step; there is no state file that could disagree with reality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyArn, KeyAssignment
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A snapshot, what it is encrypted with, and when it was created; names are not relied on (MSF gives its own).

    ``runtime_environment`` is the runtime that took it, empty where MSF does not say.
    """

    name: str
    status: SnapshotStatus
    created_at: datetime
    encryption: KeyAssignment = AWS_OWNED
    application_version_id: int = 1
    runtime_environment: str = ""


@dataclass(frozen=True, kw_only=True)
class Restart:
    """A start, update or rollback that succeeded."""

    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeyFacts:
    """A key as KMS describes it.

    Parameters
    ----------
    key_arn
        The canonical ARN.
    state
        The key state; only ``Enabled`` can be used.
    is_symmetric
        Whether it is a symmetric encryption key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT).
    is_customer_managed
        Whether a customer manages it; AWS-managed keys have a policy that nobody can change.
    is_multi_region
        Whether other Regions may hold replicas of it, in which the same data can then be decrypted.
    rotates_automatically
        Whether KMS rotates it on a schedule, which MSF does not support.
    rotated_at
        When its material was last rotated; None if never.
    is_rotating
        Whether an on-demand rotation is in progress.
    is_rotation_known
        False if the rotation could not be looked at; the three before are then their defaults.
    """

    key_arn: str
    state: str = "Enabled"
    is_symmetric: bool = True
    is_customer_managed: bool = True
    is_multi_region: bool = False
    rotates_automatically: bool = False
    rotated_at: datetime | None = None
    is_rotating: bool = False
    is_rotation_known: bool = True

    def check_usable(self) -> None:
        """Raise PenstockError unless the key is enabled."""
        if self.state != "Enabled":
            raise PenstockError(
                f"key {self.key_arn} must be Enabled, it is {self.state}: have the key administrator re-enable it"
                " (or cancel its deletion), then run this again; nothing was changed"
            )

    def check_fit_for(self, application_arn: str) -> None:
        """Raise PenstockError, with every reason, unless the application can be encrypted with this key."""
        self.check_usable()
        key, application = KeyArn.parse(self.key_arn), KeyArn.beside(application_arn, "any")
        problems = [
            *problems_with_place(key.account, application.account, "account"),
            *problems_with_place(key.region, application.region, "Region"),
            *self.problems(),
        ]
        if problems:
            raise PenstockError(f"key {self.key_arn} cannot encrypt {application_arn}: {'; '.join(problems)}")

    def problems(self) -> Iterator[str]:
        """Yield each reason why MSF cannot, or should not, use the key for any application, and its fix."""
        if not self.is_symmetric:
            yield "it is not a symmetric encryption key: create one with SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT"
        if not self.is_customer_managed:
            yield "it is managed by AWS: create a customer managed key"
        if self.is_multi_region:
            yield "it is a multi-Region key, so replicas elsewhere decrypt the same state: use a single-Region key"
        if self.rotates_automatically:
            yield (
                "it rotates automatically, which MSF does not support: switch automatic rotation off, and rotate with"
                " penstock key rotate"
            )


def problems_with_place(of_key: str, of_application: str, what: str) -> Iterator[str]:
    """Yield the reason where key and application are not in one account, or not in one Region, and its fix."""
    if of_key != of_application:
        yield f"it is in {what} {of_key}, the application in {of_application}: use a key of the application's {what}"


@dataclass(frozen=True, kw_only=True)
class ObservedApplication:
    """An application as its keys see it, at one moment.

    Parameters
    ----------
    application_arn, runtime_environment, status, version_id
        As DescribeApplication returns them.
    configured
        What the application is configured with. A running application uses it, since an update that changes the key
        restarts it; a stopped one will use it from its next start.
    snapshots_enabled
        Whether the application takes a snapshot when it stops or is updated.
    snapshots
        All that exist.
    keys
        What KMS says, by key ARN, of the keys that matter.
    permission_windows
        The keys whose permission window is open on the operator role; None if they are managed elsewhere.
    restarts
        Starts, updates and rollbacks that succeeded, in any order.
    stopped_at
        When the last stop that succeeded began; None if there is none.
    now
        The moment of the observation.
    """

    application_arn: str
    runtime_environment: str
    status: ApplicationStatus
    version_id: int
    configured: KeyAssignment
    now: datetime
    snapshots_enabled: bool = True
    snapshots: tuple[Snapshot, ...] = ()
    keys: Mapping[str, KeyFacts] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    permission_windows: frozenset[str] | None = None
    restarts: tuple[Restart, ...] = ()
    stopped_at: datetime | None = None

    @property
    def is_steady(self) -> bool:
        """True if the status lasts until somebody acts."""
        return self.status in STEADY_STATUSES

    @property
    def is_running(self) -> bool:
        """True if a job runs, which has a state to keep."""
        return self.status is ApplicationStatus.RUNNING

    @property
    def effective(self) -> KeyAssignment | None:
        """The encryption that the running job uses; None while no job runs."""
        return self.configured if self.is_running else None

    def dependents(self, key_arn: str) -> tuple[str, ...]:
        """Return what still depends on a key, in words: its permission window may be closed only when this is empty."""
        found = ["the application's configuration"] if key_arn == self.configured.key_arn else []
        found += [f"snapshot {each.name}" for each in self.snapshots if each.encryption.key_arn == key_arn]
        return tuple(found)

    def pending_restart(self) -> str | None:
        """Return why the application has yet to be (re)started before its key is in use, None if it need not."""
        key = self.keys.get(self.configured.key_arn or "")
        if not self.is_running:
            return f"not running: {self.configured} is used from the next start"
        rotated_at = key.rotated_at if key else None
        if rotated_at is not None and self.restart_after(rotated_at) is None:
            return f"key material was rotated at {rotated_at:%Y-%m-%d %H:%M:%SZ}, no restart is known since"
        return None

    def restart_after(self, moment: datetime) -> Restart | None:
        """Return the first restart that began at or after a moment, None if there was none."""
        later = [each for each in self.restarts if each.started_at >= moment]
        return min(later, key=lambda each: each.started_at) if later else None
