"""The stages of a move to the new Kinesis source, and the times at which it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.keys.observed_application import Snapshot
from cdk_penstock.model.lifecycle.planning import ChangeTarget, Observation, Restore, VersionFacts, expected_after
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus
from cdk_penstock.model.source_move import MoveStage, SourceMove
from tests.model.lifecycle.test_property_changes import settings

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
REVISION = Revision(code_bucket_arn="arn:aws:s3:::code", code_key="new.jar", runtime_environment="FLINK-1_20")
MOVE = SourceMove(revision=REVISION, group="source")


def observation(groups: dict[str, dict[str, str]], *, status: str = "RUNNING") -> Observation:
    version = VersionFacts(version_id=1, created_at=NOW - timedelta(days=9), settings=settings(groups))
    saved = Snapshot(
        name="stopped",
        status=SnapshotStatus.READY,
        created_at=NOW - timedelta(days=2),
        application_version_id=1,
        runtime_environment="FLINK-1_20",
    )
    return Observation(status=ApplicationStatus(status), version_id=1, versions=(version,), now=NOW, snapshots=(saved,))


@pytest.mark.parametrize(
    "usual",
    [
        {"stream": "s"},
        {"stream": "s", "source.init.position": "LATEST"},
        {"stream": "s", "source.init.position": "AT_TIMESTAMP", "source.init.timestamp": "2020-01-01T00:00:00.000Z"},
    ],
)
def test_a_move_and_its_way_back_leave_the_usual_properties(usual: dict[str, str]) -> None:
    seen = observation({"source": usual, "sink": {"url": "u"}})
    assert MOVE.stage(seen) is MoveStage.BEGIN
    moved = expected_after(seen, ChangeTarget(change=MOVE.change(seen)))
    assert MOVE.stage(moved) is MoveStage.MOVED
    assert MOVE.change(moved) == MOVE.change(seen)
    back = expected_after(moved, ChangeTarget(change=MOVE.change_back(moved)))
    assert back.present.settings.property_groups == {"source": usual, "sink": {"url": "u"}}
    assert back.present.settings.revision == REVISION
    assert MOVE.change_back(back).is_met_by(back.present.settings)
    if usual.get("source.init.position") != "AT_TIMESTAMP":
        assert MOVE.stage(back) is MoveStage.DONE


@pytest.mark.parametrize(
    ("status", "timestamp"),
    [("RUNNING", "2026-03-01T11:55:00.123Z"), ("READY", "2026-02-27T11:55:00.123Z")],
)
def test_the_source_begins_before_the_deployment_or_before_a_stopped_job_was_saved(status: str, timestamp: str) -> None:
    change = MOVE.change(observation({"source": {"stream": "s"}}, status=status))
    assert change.properties == {"source": {"source.init.position": "AT_TIMESTAMP", "source.init.timestamp": timestamp}}


def test_the_time_is_in_utc_in_the_format_of_the_connector() -> None:
    seen = observation({"source": {"stream": "s"}})
    elsewhere = Observation(
        status=seen.status,
        version_id=1,
        versions=seen.versions,
        now=NOW.astimezone(timezone(timedelta(hours=5))),
    )
    assert MOVE.change(elsewhere) == MOVE.change(seen)


def test_state_is_kept_by_uids_only() -> None:
    assert MOVE.restore == Restore.latest().leaving_out_state()
    assert SourceMove(revision=REVISION, group="source", keeps_state=False).restore == Restore.nothing()
