"""The function that a snapshot schedule calls for one application: take a snapshot if one is due, then prune.

End states. Each step looks at the present state first, and the name of a snapshot is made from the minute, so that runs
may overlap and be repeated. A snapshot that was asked for is taken also if the function ends before. What is not
deleted in time is deleted by the next run. A failed step is logged and counted, and the next ones are taken all the
same; then the function fails, so that Lambda calls it again (Lambda, "How Lambda handles errors and retries with
asynchronous invocation").
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.handlers.metric_lines import write_metrics
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.keys import KeyUse, LifecycleOperation, SnapshotStatus
from cdk_penstock.model.snapshots import age_seconds, is_due, plan_pruning, scheduled_name
from cdk_penstock.model.snapshots.snapshot_check import (
    AGE_METRIC,
    APPLICATION_DIMENSION,
    COUNT_METRIC,
    FAILURES_METRIC,
    SnapshotCheck,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.snapshot_control import SnapshotControl

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_WAIT_SECONDS: Final = 4 * 60.0
"""Longest wait for a snapshot; a larger one goes on, and the next run prunes."""
_RUN_SECONDS: Final = 8 * 60.0
"""Time after which no further deletion begins: a function has ten minutes."""


class ScheduledSnapshots:
    """One run for one application, with the clients it is given."""

    def __init__(self, check: SnapshotCheck, services: Services) -> None:
        self._check = check
        self._services = services
        self._clock = services.clock
        self._begin = self._clock.now()
        self._failures: list[str] = []

    def run(self) -> None:
        """Take a snapshot if one is due, prune, and report; raise ControlError, in the end, for what failed."""
        values: dict[str, float] = {}
        self._attempt(lambda: values.update(self._take_and_prune()))
        write_metrics(
            {**values, FAILURES_METRIC: len(self._failures)},
            dimensions={APPLICATION_DIMENSION: self._check.application_name},
            # The beginning, so that each run of an hourly schedule falls into another hour.
            at=self._begin,
            seconds=frozenset({AGE_METRIC}),
            Failures=self._failures,
        )
        if self._failures:
            raise ControlError(f"snapshots of {self._check.application_name}: {'; '.join(self._failures)}")

    def _take_and_prune(self) -> dict[str, float]:
        application = self._services.application_control(self._check.application_name, self._check.operator_role_arn)
        detail = application.describe()
        snapshots = snapshots_of(application, detail)
        if detail.is_running and is_due(snapshots.list(), every=self._check.every, now=self._begin):
            self._attempt(lambda: self._take(detail, snapshots))
        return self._prune(detail, snapshots)

    def _take(self, detail: ApplicationDetail, snapshots: SnapshotControl) -> None:
        self._check_key(detail)
        name = scheduled_name(self._check.application_name, self._begin)
        _LOG.info("take snapshot %s", name)
        snapshots.create(name)
        snapshot = snapshots.wait_while_creating(name, timeout_seconds=_WAIT_SECONDS)
        if snapshot is None:
            _LOG.info("no snapshot can be taken now, because the application changes its status")
        elif snapshot.status is SnapshotStatus.FAILED:
            raise ControlError(f"snapshot {name} FAILED; the application goes on: see its log")
        else:
            _LOG.info("snapshot %s is %s", name, snapshot.status)

    def _check_key(self, detail: ApplicationDetail) -> None:
        if not detail.encryption.keys:
            return
        preflight = self._services.key_preflight(self._check.application_name, self._check.operator_role_arn)
        use = KeyUse(configured=detail.encryption, effective=detail.encryption)
        for note in preflight.check(LifecycleOperation.SNAPSHOT, use, application_arn=detail.arn):
            _LOG.info("not checked: %s", note)

    def _prune(self, detail: ApplicationDetail, snapshots: SnapshotControl) -> dict[str, float]:
        now, listed = self._clock.now(), snapshots.list()
        is_stopped = detail.is_steady and not detail.is_running
        plan = plan_pruning(listed, self._check.retention, now=now)
        _LOG.info(
            "%s %s; %s",
            "would delete" if self._check.dry_run else "delete",
            ", ".join(each.name for each in plan.deletions) or "nothing",
            plan.blocked or f"keep {len(plan.kept)}",
        )
        left = list(plan.deletions)
        if not self._check.dry_run:
            until = self._begin + timedelta(seconds=_RUN_SECONDS)
            self._attempt(lambda: snapshots.prune(plan, until=until, on_delete=left.remove))
        return {
            # A stopped application has nothing newer to lose.
            AGE_METRIC: 0 if is_stopped else age_seconds(listed, now=now, since=detail.created_at),
            COUNT_METRIC: len(plan.kept) + len(left),
        }

    def _attempt(self, step: Callable[[], object]) -> None:
        try:
            step()
        except (ControlError, ClientError, BotoCoreError) as error:
            _LOG.exception("a step failed")
            self._failures.append(str(error))


def handle(event: Mapping[str, Any], context: object) -> None:
    """Answer EventBridge Scheduler."""
    del context
    ScheduledSnapshots(read_object(SnapshotCheck, event), Services()).run()
