"""A look at one application: its state, and its job if that is asked for. Nothing is changed.

A part that the caller may not see is told as unknown, with the reason: whoever is on call needs the rest.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.errors import ControlError, KeyUnusableError, MissingPermissionError
from cdk_penstock.control.flink_dashboard import DashboardUnavailableError, FlinkDashboard
from cdk_penstock.control.key_status import KEY_MISSING, KEY_NOT_VISIBLE
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.presigned_url import new_dashboard_url
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.application_overview import ApplicationOverview, SnapshotsOverview
from cdk_penstock.model.deployment import RESTARTS, Operation
from cdk_penstock.model.job_overview import RESTART_METRICS, JobOverview
from cdk_penstock.model.keys import ObservedApplication, Restart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.control.clients import Clock, FlinkClient
    from cdk_penstock.control.kms_keys import KmsKeys


def describe_application(client: FlinkClient, name: str, *, clock: Clock) -> dict[str, Any]:
    """Return the ApplicationDetail; a missing permission is not waited for, as somebody waits for the answer."""
    answer = call_with_retry(
        lambda: client.describe_application(ApplicationName=name),
        action=f"describe application {name}",
        clock=clock,
        propagation_seconds=0,
    )
    detail: dict[str, Any] = answer["ApplicationDetail"]
    return detail


def snapshot_summaries(client: FlinkClient, name: str, *, are_enhanced: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield MSF's summaries of an application's snapshots, legacy or enhanced; both have name, status and time."""
    action = f"list the snapshots of {name}"
    if are_enhanced:
        return entries_of_pages(
            client.list_snapshots,
            "SnapshotInfoList",
            action=action,
            clock=clock,
            propagation_seconds=0,
            SourceApplicationName=name,
        )
    return entries_of_pages(
        client.list_application_snapshots,
        "SnapshotSummaries",
        action=action,
        clock=clock,
        propagation_seconds=0,
        ApplicationName=name,
    )


class ApplicationLook:
    """Looks at one application.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2``, with the operator's credentials.
    name
        The application's name.
    keys
        KMS, with the caller's credentials.
    clock
        The time.
    """

    def __init__(self, client: FlinkClient, name: str, *, keys: KmsKeys, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._keys = keys
        self._clock = clock
        self._control = ApplicationControl(client, name, clock=clock)

    def overview(self, *, health: bool = False) -> ApplicationOverview:
        """Return the state; with ``health``, ask Flink for the job of a running application once."""
        described = describe_application(self._client, self._name, clock=self._clock)
        detail = ApplicationDetail.parse(described)
        operations = self._operations()
        last = operations if isinstance(operations, str) else operations[0] if operations else None
        return ApplicationOverview(
            at=self._clock.now(),
            described=described,
            configured=detail.encryption,
            effective=detail.encryption if detail.is_running else None,
            pending_restart=self._pending_restart(detail, operations),
            snapshots=self._snapshots(detail),
            last_operation=last,
            reason=self._control.reason_of(last) if isinstance(last, Operation) and last.failed else None,
            job=self._job(detail) if health else None,
        )

    def _operations(self) -> list[Operation] | str:
        """Return the operations, the newest first, or why they cannot be read."""
        try:
            found = self._control.operations(propagation_seconds=0)
        except MissingPermissionError as error:
            return str(error)
        return sorted(found, key=lambda each: each.started_at, reverse=True)

    def _snapshots(self, detail: ApplicationDetail) -> SnapshotsOverview | str:
        found = snapshot_summaries(self._client, self._name, are_enhanced=detail.enhanced_snapshots, clock=self._clock)
        try:
            return SnapshotsOverview.of(list(found))
        except MissingPermissionError as error:
            return str(error)

    def _pending_restart(self, detail: ApplicationDetail, operations: list[Operation] | str) -> str | None:
        key_arn = detail.encryption.key_arn
        if isinstance(operations, str):
            if key_arn is not None:
                return "unknown: the operations cannot be read"
            operations = []
        keys = {}
        if key_arn is not None:
            try:
                keys[key_arn] = self._keys.describe(key_arn)
            except MissingPermissionError:
                return f"unknown: key {key_arn} is {KEY_NOT_VISIBLE}"
            except KeyUnusableError:
                return f"unknown: key {key_arn} is {KEY_MISSING}"
        observed = ObservedApplication(
            application_arn=detail.arn,
            runtime_environment=detail.runtime_environment,
            status=detail.status,
            version_id=detail.version_id,
            configured=detail.encryption,
            keys=keys,
            restarts=tuple(
                Restart(started_at=each.started_at, ended_at=each.ended_at)
                for each in operations
                if each.name in RESTARTS and each.succeeded
            ),
            now=self._clock.now(),
        )
        return observed.pending_restart()

    def _job(self, detail: ApplicationDetail) -> JobOverview | str:
        if not detail.is_running:
            return f"not looked at: Flink's REST API is there only while the status is RUNNING, it is {detail.status}"
        dashboard = FlinkDashboard(lambda: new_dashboard_url(self._client, self._name, clock=self._clock))
        try:
            return self._job_of(dashboard)
        except ControlError as error:
            return f"unknown: {error}"

    def _job_of(self, dashboard: FlinkDashboard) -> JobOverview | str:
        jobs = sorted(dashboard.get("/jobs/overview")["jobs"], key=lambda each: -int(each["start-time"]))
        if not jobs:
            return "Flink has no job: its main() failed or has not submitted one yet, see penstock app logs"
        path = f"/jobs/{jobs[0]['jid']}"
        checkpoints: dict[str, Any] = {}
        # Without checkpoints, Flink answers with an error.
        with suppress(DashboardUnavailableError):
            checkpoints = dashboard.get(f"{path}/checkpoints")
        return JobOverview.parse(
            self._clock.now(),
            details=dashboard.get(path),
            exceptions=dashboard.get(f"{path}/exceptions"),
            checkpoints=checkpoints,
            metrics=dashboard.get(f"{path}/metrics", {"get": ",".join(RESTART_METRICS)}),
        )
