"""A version of an application: when it was made, by what, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.version_differences import Difference, differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class VersionChange:
    """The operation that made a version, as MSF lists it; its name is an open set."""

    operation: str
    operation_id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class VersionRecord:
    """One version.

    Parameters
    ----------
    version_id, status
        As ListApplicationVersions has them.
    created_at
        When it was made; None if MSF does not tell.
    made_by
        The cause, in words.
    change
        The operation that made it; None for the first version, and if MSF does not list it any more.
    changed
        The settings that it has differently from the version before it; for a rollback, from that which it undid.
    """

    version_id: int
    status: str
    created_at: datetime | None
    made_by: str
    change: VersionChange | None
    changed: tuple[Difference, ...]

    @classmethod
    def of(
        cls,
        detail: Mapping[str, Any],
        *,
        status: str,
        origin: Mapping[str, Any] | None,
        change: VersionChange | None,
    ) -> VersionRecord:
        """Return the record of the ApplicationDetail of a version; ``origin`` is that of the other version."""
        return cls(
            version_id=detail["ApplicationVersionId"],
            status=status,
            created_at=detail.get("ApplicationVersionCreateTimestamp"),
            made_by=_cause(detail, change),
            change=change,
            changed=() if origin is None else differences(origin, detail),
        )


def _cause(detail: Mapping[str, Any], change: VersionChange | None) -> str:
    rolled_back = detail.get("ApplicationVersionRolledBackFrom")
    if rolled_back is not None:
        target = detail.get("ApplicationVersionRolledBackTo")
        return f"a rollback from version {rolled_back}" + (f" to version {target}" if target is not None else "")
    if change is not None:
        failed = "" if change.status == "SUCCESSFUL" else f" ({change.status})"
        return f"{change.operation}{failed}"
    if detail.get("ApplicationVersionUpdatedFrom") is None:
        return "CreateApplication"
    return "an update that MSF no longer lists"
