"""Records that are read again and again are still those that were written last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.service.store import Store
from cdk_penstock.local.service.tables import scope_of
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.records import Application, SnapshotRecord
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotChange
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus
from cdk_penstock.model.lifecycle.version_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:kinesisanalytics:eu-central-1:111122223333:application/vehicles"
APPLICATION = Application(
    uid="u",
    arn=ARN,
    name="vehicles",
    created_at=NOW,
    updated_at=NOW,
    version_created_at=NOW,
    maintenance_start="03:00",
    settings=Settings(runtime="FLINK-1_20", role_arn="r", configuration={}),
)
SNAPSHOT = SnapshotRecord(
    uid="s",
    application_uid="u",
    application_name="vehicles",
    name="first",
    created_at=NOW,
    version_id=1,
    runtime="FLINK-1_20",
)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    store.write(Change(application=APPLICATION))
    yield store
    store.close()


def test_a_record_is_the_written_one_after_each_write(store: Store) -> None:
    for status in (ApplicationStatus.STARTING, ApplicationStatus.RUNNING, ApplicationStatus.STARTING):
        assert store.application(ARN) == store.application(ARN)
        store.write(Change(application=replace(APPLICATION, status=status)))
        assert store.application(ARN).status is status


def test_an_empty_answer_is_no_more_true_after_a_write(store: Store) -> None:
    assert store.unsettled_snapshots(APPLICATION) == ()
    store.write_snapshots(SnapshotChange(scope=scope_of(ARN), snapshots=(SNAPSHOT,)))
    assert store.unsettled_snapshots(APPLICATION) == (SNAPSHOT,)
    ready = replace(SNAPSHOT, status=SnapshotStatus.READY)
    store.write_snapshots(SnapshotChange(scope=scope_of(ARN), snapshots=(ready,)))
    assert store.unsettled_snapshots(APPLICATION) == ()
    store.write_snapshots(SnapshotChange(scope=scope_of(ARN), removed_snapshots=(SNAPSHOT,)))
    assert not store.has_snapshot("s")


def test_what_is_read_in_a_write_that_fails_is_forgotten(store: Store) -> None:
    def snapshots_that_fail() -> Iterator[SnapshotRecord]:
        yield SNAPSHOT
        assert store.has_snapshot("s")
        raise ConnectionError

    change = Change(application=APPLICATION, snapshots=snapshots_that_fail())  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        store.write(change)
    assert not store.has_snapshot("s")
    store.write_snapshots(SnapshotChange(scope=scope_of(ARN), snapshots=(SNAPSHOT,)))
    assert store.has_snapshot("s")


def test_more_questions_than_are_remembered_are_answered(store: Store) -> None:
    assert not any(store.has_snapshot(str(number)) for number in range(1_500))
    assert store.has_application(ARN)
