"""The policy that says which snapshots of an application are kept.

MSF deletes no snapshot, and an application has 1,000 at most: then CreateApplicationSnapshot fails with
LimitExceededException, while MSF still takes its automatic ones (managed-flink, how-snapshots and limits).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS

NEAR_LIMIT: Final = MAXIMUM_SNAPSHOTS - 100
"""Number of snapshots from which on an application is close to the limit."""
SCHEDULED_PREFIX: Final = "penstock-scheduled-"
"""The beginning of the names of scheduled snapshots."""

_PREFIX: Final = re.compile(r"[a-zA-Z0-9_.-]{1,60}")


@dataclass(frozen=True, kw_only=True)
class SnapshotRetention:
    """The snapshots to keep; a snapshot is kept if at least one rule applies.

    The newest READY snapshot is always kept. Snapshots of all application versions count, not only those of the present
    one. The rules never keep more than 900 snapshots, so that there is room for those that MSF takes by itself.

    Parameters
    ----------
    newest
        How many of the newest READY snapshots are kept, at least 1.
    daily_for_days
        For how many days, today included, the newest READY snapshot of each day (in UTC) is kept; 0 for no such rule.
    rollback_versions
        For how many of the last application versions the newest READY snapshot is kept, at least 1: a rollback to one
        of these versions can restore it. Versions without a READY snapshot do not count.
    pinned_prefix
        Snapshots whose name begins with this text are kept until you delete them; None for no such rule.

    Raises PenstockError for values out of these ranges, and for a prefix that scheduled snapshots have.
    """

    newest: int = 10
    daily_for_days: int = 14
    rollback_versions: int = 3
    pinned_prefix: str | None = "keep-"

    def __post_init__(self) -> None:
        """Refuse values that keep no good snapshot, or nearly as many as MSF allows."""
        for name, least in (("newest", 1), ("daily_for_days", 0), ("rollback_versions", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise PenstockError(f"{name} must be a whole number, at least {least}, got {value!r}")
        most = self.newest + self.daily_for_days + self.rollback_versions
        if most > NEAR_LIMIT:
            raise PenstockError(
                f"newest, daily_for_days and rollback_versions keep up to {most} snapshots, expected at most"
                f" {NEAR_LIMIT}: MSF allows {MAXIMUM_SNAPSHOTS}, and takes some by itself; lower them"
            )
        self._check_prefix()

    def _check_prefix(self) -> None:
        prefix = self.pinned_prefix
        if prefix is None:
            return
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise PenstockError(
                f"pinned_prefix must be 1 to 60 letters, digits and any of _.-, got {prefix!r}: or pass None"
            )
        if SCHEDULED_PREFIX.startswith(prefix) or prefix.startswith(SCHEDULED_PREFIX):
            raise PenstockError(
                f"pinned_prefix {prefix!r} would keep scheduled snapshots, whose names begin with {SCHEDULED_PREFIX!r}:"
                " choose another one"
            )
