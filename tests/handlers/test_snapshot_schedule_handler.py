"""The function that takes scheduled snapshots and prunes, on the local MSF."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.handlers import snapshot_schedule_handler
from cdk_penstock.handlers.services import Services
from cdk_penstock.handlers.snapshot_schedule_handler import ScheduledSnapshots
from cdk_penstock.model.custom_resources.stringified import read_object, write_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.snapshots import SnapshotRetention
from cdk_penstock.model.snapshots.snapshot_check import SnapshotCheck
from tests.control import local_msf
from tests.control.fake_aws import APPLICATION, KEY_1, OPERATOR, Killed, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import cmk

if TYPE_CHECKING:
    from cdk_penstock.model.keys import Snapshot

CHECK = SnapshotCheck(
    application_name=APPLICATION,
    operator_role_arn=OPERATOR,
    every_seconds=6 * 3600,
    retention=SnapshotRetention(newest=2, daily_for_days=0, rollback_versions=1),
)
HOUR = 3600


@pytest.fixture(params=["legacy", "enhanced"])
def aws(request: pytest.FixtureRequest) -> FakeAws:
    """Return AWS with a running application in either mode; the legacy one is under a customer managed key."""
    aws = FakeAws()
    if request.param == "enhanced":
        aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
    else:
        aws.msf.policies.managed_keys = {KEY_1}
        aws.msf.change_key(cmk(KEY_1))
    aws.msf.start()
    return aws


def run(aws: FakeAws, **changes: Any) -> None:
    services = Services(new_session=aws.new_session, clock=aws.world.clock)
    ScheduledSnapshots(replace(CHECK, **changes), services).run()


def listed(aws: FakeAws) -> tuple[Snapshot, ...]:
    aws.world.sleep(60)
    aws.msf.reconcile()
    application = aws.control()
    return snapshots_of(application, application.describe()).list()


def names(aws: FakeAws) -> set[str]:
    return {each.name for each in listed(aws)}


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics that CloudWatch takes from the last line that has some."""
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Penstock"
    assert directive["Dimensions"] == [["Application"]]
    assert line["Application"] == APPLICATION
    units = {each["Name"]: each["Unit"] for each in directive["Metrics"]}
    assert units.get("SnapshotAge", "Seconds") == "Seconds"
    assert units["SnapshotFailures"] == "Count"
    return {name: line[name] for name in units}


def test_a_snapshot_is_taken_when_it_is_due_and_reported(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    run(aws)
    first = metrics(capsys)
    assert first["SnapshotAge"] < 60
    assert (first["SnapshotCount"], first["SnapshotFailures"]) == (1, 0)
    (snapshot,) = listed(aws)
    assert snapshot.name.startswith("penstock-scheduled-2026")
    assert snapshot.name.endswith(f"-{APPLICATION}")
    for hours in range(1, 6):
        aws.world.sleep(HOUR)
        run(aws)
        assert hours * HOUR - 600 < metrics(capsys)["SnapshotAge"] < hours * HOUR + 1200
    assert len(listed(aws)) == 1
    aws.world.sleep(HOUR)
    run(aws)
    assert metrics(capsys)["SnapshotCount"] == 2


def test_a_day_of_hourly_runs_keeps_what_the_policy_says(aws: FakeAws) -> None:
    aws.world.calls.clear()
    for _ in range(24):
        run(aws)
        aws.world.sleep(HOUR)
    taken = [*aws.world.named("CreateApplicationSnapshot"), *aws.world.named("CreateSnapshot")]
    assert len(taken) == 4
    assert names(aws) == {each["SnapshotName"] for each in taken[-2:]}


def test_a_dry_run_takes_snapshots_and_deletes_none(aws: FakeAws, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(4):
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)
    assert len(listed(aws)) == 4
    assert "would delete penstock-scheduled-" in caplog.text
    assert not aws.world.named("DeleteApplicationSnapshot") + aws.world.named("DeleteSnapshot")


def test_a_stopped_application_is_pruned_and_has_nothing_to_lose(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(4):
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)
    aws.msf.stop()
    aws.world.sleep(100 * HOUR)
    run(aws)
    assert metrics(capsys) == {"SnapshotAge": 0, "SnapshotCount": 2, "SnapshotFailures": 0}
    assert len(listed(aws)) == 2


def test_an_application_that_changes_its_status_is_no_failure(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.msf.move("UPDATING")
    run(aws)
    assert metrics(capsys)["SnapshotFailures"] == 0


@pytest.mark.parametrize("trouble", ["restarting", "failed snapshot"])
def test_a_snapshot_that_cannot_be_taken_is_counted_and_the_age_grows(
    aws: FakeAws, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(aws)
    aws.world.sleep(7 * HOUR)
    if trouble == "restarting":
        aws.msf.driver.jobs[aws.msf.application.uid].state = JobState.RESTARTING
    else:
        aws.msf.fault(failing_snapshots=True)
    with pytest.raises(ControlError, match=f"snapshots of {APPLICATION}: .*"):
        run(aws)
    seen = metrics(capsys)
    assert seen["SnapshotFailures"] == 1
    assert seen["SnapshotAge"] > 7 * HOUR
    aws.msf.driver.jobs[aws.msf.application.uid].state = JobState.RUNNING
    aws.msf.fault()
    aws.world.sleep(HOUR)
    run(aws)
    assert metrics(capsys)["SnapshotAge"] < 60


def test_a_disabled_key_is_named_before_a_snapshot_is_asked_for(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    if aws.msf.configured != cmk(KEY_1):
        run(aws)
        assert not aws.world.named("DescribeKey")
        return
    with pytest.raises(ControlError, match=f"cannot take a snapshot of .*{KEY_1} must be Enabled, it is Disabled"):
        run(aws)
    assert not aws.world.named("CreateApplicationSnapshot")
    assert metrics(capsys)["SnapshotFailures"] == 1


def test_a_failed_snapshot_keeps_older_ones_until_a_good_one_is_there(aws: FakeAws) -> None:
    for _ in range(4):
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)
    aws.msf.fault(failing_snapshots=True)
    with pytest.raises(ControlError, match="FAILED"):
        run(aws)
    assert len(listed(aws)) == 5
    aws.msf.fault()
    aws.world.sleep(HOUR)
    run(aws)
    assert len(listed(aws)) == 2


def test_without_an_answer_of_msf_only_the_failure_is_reported(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = error("AccessDeniedException", "not authorized to perform: kinesisanalytics:DescribeApplication")
    aws.world.fail("DescribeApplication", *([denied] * 30))
    with pytest.raises(ControlError, match="kinesisanalytics:DescribeApplication"):
        run(aws)
    assert metrics(capsys) == {"SnapshotFailures": 1}


def test_at_the_limit_a_run_makes_room_and_the_next_one_takes_the_snapshot(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_msf, "PAGE", 50)
    aws = FakeAws()
    aws.msf.start()
    fill(aws, 1000)
    aws.world.sleep(12 * HOUR)
    with pytest.raises(ControlError, match="a quota is used up"):
        run(aws)
    # As many as it can delete in its time; the next runs delete the others.
    assert 2 < metrics(capsys)["SnapshotCount"] < 900
    for _ in range(2):
        aws.world.sleep(HOUR)
        run(aws)
    assert metrics(capsys)["SnapshotFailures"] == 0
    assert len(listed(aws)) == 2
    assert any(each.name.startswith("penstock-scheduled-") for each in listed(aws))


def fill(aws: FakeAws, count: int) -> None:
    """Put READY snapshots into the service, one a minute."""
    aws.msf.take("pattern")
    pattern = aws.msf.msf.store.legacy_snapshot(aws.msf.application, "pattern")
    assert pattern is not None
    records = tuple(
        replace(pattern, uid=f"u{number}", name=f"s{number}", created_at=pattern.created_at - timedelta(minutes=number))
        for number in range(1, count)
    )
    aws.msf.msf.commit(Change(application=aws.msf.application, snapshots=records))


def test_two_runs_that_overlap_take_one_snapshot_and_delete_the_same(aws: FakeAws) -> None:
    for _ in range(4):
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)
    aws.world.sleep(-aws.world.time.second + 60)
    before = len(listed(aws))
    inner: list[int] = []

    def overlap(operation: str, _request: dict[str, Any]) -> None:
        """Let a second run begin and end within the first one, at its first change of each kind."""
        if operation in {"CreateApplicationSnapshot", "CreateSnapshot", "DeleteApplicationSnapshot", "DeleteSnapshot"}:
            aws.world.on_call = None
            inner.append(len(aws.world.calls))
            run(aws)
            aws.world.on_call = overlap if len(inner) < 3 else None

    aws.world.on_call = overlap
    run(aws)
    assert inner
    aws.world.on_call = None
    after = listed(aws)
    assert before == 4
    assert len(after) == 2
    assert len({each.created_at for each in after}) == 2


def test_killed_at_any_call_the_next_run_ends_the_same(aws: FakeAws) -> None:
    for _ in range(3):
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)
    for killed_at in range(1, 12):
        aws.world.kill_after = len(aws.world.calls) + killed_at
        with suppress(Killed):
            run(aws)
        aws.world.kill_after = None
        aws.world.sleep(HOUR)
        run(aws)
        assert len(listed(aws)) == 2
        aws.world.sleep(5 * HOUR)
        run(aws, dry_run=True)
        aws.world.sleep(6 * HOUR)


def test_a_call_of_the_scheduler_is_read_as_the_construct_writes_it(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services(new_session=aws.new_session, clock=aws.world.clock)
    monkeypatch.setattr(snapshot_schedule_handler, "Services", lambda: services)
    event = json.loads(json.dumps(write_object(CHECK)))
    assert read_object(SnapshotCheck, event) == CHECK
    snapshot_schedule_handler.handle(event, None)
    assert len(listed(aws)) == 1
    with pytest.raises(PenstockError, match="expected the property ApplicationName"):
        snapshot_schedule_handler.handle({}, None)
