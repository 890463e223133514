"""Laws that hold of every application at each moment, whatever was called and whatever its jobs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.describing import application_detail
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus

if TYPE_CHECKING:
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.records import Application, SnapshotRecord

STEADY = {ApplicationStatus.READY, ApplicationStatus.RUNNING}
BUSY = {JobState.LAUNCHING, JobState.RUNNING, JobState.RESTARTING}


class Laws:
    """Remembers what was seen, and compares: call :meth:`check` after each step."""

    def __init__(self, *, versions_grow: bool = True) -> None:
        self._versions_grow = versions_grow
        self._applications: dict[str, Application] = {}
        self._ended: dict[str, Any] = {}
        self._described: dict[str, Any] = {}
        self._snapshots: set[str] = set()
        self._effective_since: dict[str, int] = {}

    def check(self, service: Msf) -> None:
        """Check every law of every application."""
        for application in service.store.all_applications():
            before = self._applications.get(application.uid)
            self._check_status(application, service)
            self._check_operations(application, service)
            self._check_versions(application, before, service)
            self._check_token(application)
            self._check_key(application, before)
            self._check_snapshots(application, before, service)
            self._applications[application.uid] = application

    @staticmethod
    def _check_status(application: Application, service: Msf) -> None:
        status = application.status
        assert status is not ApplicationStatus.ROLLED_BACK, "a status of versions only"
        assert (application.transit is None) == (status in STEADY), status
        job = service.driver.observe(application.uid)
        if status is ApplicationStatus.READY:
            assert job.state not in BUSY, "READY without a job"
            assert application.running_version is None
            assert application.run_configuration is None
            assert application.current_parallelism is None
            assert application.effective_encryption is None
        if status is ApplicationStatus.RUNNING:
            assert application.running_version == application.version_id == application.ran[-1]
            assert application.run_configuration is not None
            assert application.current_parallelism is not None
        assert len(set(application.ran)) == len(application.ran)

    def _check_operations(self, application: Application, service: Msf) -> None:
        operations = [each for _, each in service.store.operations(application, name="", status="")]
        in_progress = [each.operation_id for each in operations if each.status is OperationStatus.IN_PROGRESS]
        expected = (
            [application.transit.operation_id] if application.transit and application.transit.operation_id else []
        )
        assert in_progress == expected, "one operation in progress while on the way, none in a steady status"
        for each in operations:
            assert (each.ended_at is None) == (each.status is OperationStatus.IN_PROGRESS)
            if each.ended_at is not None:
                assert self._ended.setdefault(each.operation_id, each) == each, "an operation that ended stays so"

    def _check_versions(self, application: Application, before: Application | None, service: Msf) -> None:
        versions = {each.version_id: each for each in service.store.versions(application)}
        assert list(versions) == list(range(1, application.newest_version_id + 1)), "no version is lost or left out"
        assert versions[application.version_id].settings == application.settings
        assert set(application.ran) <= set(versions)
        if application.rolled_back_to is not None:
            assert application.settings == versions[application.rolled_back_to].settings, "all of it is restored"
        if before is not None and self._versions_grow:
            assert application.version_id >= before.version_id
        if before is not None:
            assert application.newest_version_id >= before.newest_version_id

    def _check_token(self, application: Application) -> None:
        detail = application_detail(application)
        detail.pop("LastUpdateTimestamp")
        token = detail.pop("ConditionalToken")
        assert self._described.setdefault(token, detail) == detail, "a change renews the token"

    def _check_key(self, application: Application, before: Application | None) -> None:
        if before is None or before.effective_encryption == application.effective_encryption:
            return
        since = self._effective_since.get(application.uid, -1)
        if application.effective_encryption is not None:
            assert application.launch > since, "a key takes effect at a start or restart only"
            assert application.effective_encryption == application.settings.encryption
        self._effective_since[application.uid] = application.launch

    def _check_snapshots(self, application: Application, before: Application | None, service: Msf) -> None:
        for _, snapshot in service.store.legacy_snapshots(application):
            if snapshot.uid not in self._snapshots:
                self._snapshots.add(snapshot.uid)
                _check_new_snapshot(snapshot, before)


def _check_new_snapshot(snapshot: SnapshotRecord, before: Application | None) -> None:
    assert before is not None
    assert snapshot.version_id == before.running_version, "of the version that ran"
    assert snapshot.encryption == before.effective_encryption, "with the key that was effective"
    assert snapshot.runtime == before.settings.runtime
