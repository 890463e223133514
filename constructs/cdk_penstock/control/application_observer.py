"""An application as a plan sees it. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Observation, VersionFacts
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.application_versions import ApplicationVersions
    from cdk_penstock.model.deployment import Operation

_VERSIONS: Final = 10
"""The newest versions that a plan looks at: a change, what undid it, and those before."""


class ApplicationObserver:
    """Observes one application.

    Parameters
    ----------
    application
        The application, as its operator.
    versions
        Its versions.
    """

    def __init__(self, application: ApplicationControl, versions: ApplicationVersions) -> None:
        self._application = application
        self._versions = versions
        # What a version is, never changes.
        self._known: dict[int, VersionFacts] = {}
        self._in_transit_since: datetime | None = None

    def observe(self) -> tuple[Observation, ApplicationDetail]:
        """Return the application as it is, and the description that this comes from."""
        detail = self._application.describe()
        operations = self._application.operations()
        now = self._application.clock.now()
        seen = Observation(
            status=detail.status,
            version_id=detail.version_id,
            versions=self._newest_versions(detail),
            now=now,
            in_transit_for=None if detail.is_steady else now - self._transit_began(operations, now),
            operations=tuple(operations),
            snapshots=snapshots_of(self._application, detail).list(),
            restored_snapshot=detail.restored_snapshot,
        )
        if detail.is_steady:
            self._in_transit_since = None
        return seen, detail

    def await_steady(self, *, poll_seconds: float, until: datetime) -> None:
        """Wait until the application is steady, at most until a moment."""
        clock = self._application.clock
        while self._application.describe().status not in STEADY_STATUSES and clock.now() < until:
            clock.sleep(poll_seconds)

    def _newest_versions(self, detail: ApplicationDetail) -> tuple[VersionFacts, ...]:
        numbers = list(self._versions.statuses())[:_VERSIONS]
        # A rollback may have brought an old one back.
        for number in dict.fromkeys([*numbers, detail.version_id]):
            if number not in self._known or number == detail.version_id:
                self._known[number] = self._facts(number, detail)
        return tuple(self._known[number] for number in sorted({*numbers, detail.version_id}))

    def _facts(self, number: int, detail: ApplicationDetail) -> VersionFacts:
        described = self._versions.describe(number)
        # A rollback may have brought an old version back, which the version itself does not know.
        source = detail.rolled_back_from if number == detail.version_id else None
        return VersionFacts(
            version_id=number,
            created_at=described.get("ApplicationVersionCreateTimestamp") or described["CreateTimestamp"],
            settings=DescribedSettings.parse(described),
            updated_from=described.get("ApplicationVersionUpdatedFrom"),
            rolled_back_from=source or described.get("ApplicationVersionRolledBackFrom"),
        )

    def _transit_began(self, operations: list[Operation], now: datetime) -> datetime:
        in_progress = [each.started_at for each in operations if not each.is_over]
        self._in_transit_since = max(in_progress, default=self._in_transit_since or now)
        return self._in_transit_since
