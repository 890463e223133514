from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.keys import (
    AWS_OWNED,
    ApplicationStatus,
    KeyAssignment,
    ObservedApplication,
    PurgeSnapshots,
    Snapshot,
    SnapshotStatus,
    plan,
)
from cdk_penstock.model.keys.leftovers import aws_owned_snapshots, leftovers, windows_beside
from cdk_penstock.model.keys.steps import DeleteSnapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)
APPLICATION_ARN = "arn:aws:kinesisanalytics:eu-central-1:111122223333:application/vehicles"


def arn(number: int) -> str:
    return f"arn:aws:kms:eu-central-1:111122223333:key/{str(number) * 8}-1111-1111-1111-111111111111"


ENCRYPTIONS = (AWS_OWNED, KeyAssignment.customer_managed(arn(1)), KeyAssignment.customer_managed(arn(2)))


def observed(configured: KeyAssignment, *encryptions: KeyAssignment) -> ObservedApplication:
    snapshots = [
        Snapshot(name=f"s{number}", status=SnapshotStatus.READY, created_at=NOW, encryption=each)
        for number, each in enumerate(encryptions)
    ]
    return ObservedApplication(
        application_arn=APPLICATION_ARN,
        runtime_environment="FLINK-1_20",
        status=ApplicationStatus.RUNNING,
        version_id=2,
        configured=configured,
        now=NOW,
        snapshots=tuple(snapshots),
    )


def test_an_application_on_the_aws_owned_key_has_nothing_left() -> None:
    assert leftovers(observed(AWS_OWNED, AWS_OWNED), {}) == ()


@pytest.mark.parametrize(("count", "words"), [(1, "1 snapshot is under"), (3, "3 snapshots are under")])
def test_snapshots_under_the_aws_owned_key_name_the_command_that_deletes_them(count: int, words: str) -> None:
    (problem,) = leftovers(observed(ENCRYPTIONS[1], *[AWS_OWNED] * count), {})
    assert words in problem
    assert "penstock key purge-snapshots --application vehicles --apply" in problem


def test_a_window_is_left_only_if_neither_configuration_nor_snapshot_needs_its_key() -> None:
    windows = {arn(1): ("configured",), arn(2): ("of a snapshot",), arn(3): ("b", "a")}
    (problem,) = leftovers(observed(ENCRYPTIONS[1], ENCRYPTIONS[2]), windows)
    assert f"the permission window for {arn(3)} is open (a, b)" in problem
    assert set(windows_beside(ENCRYPTIONS[1], windows)) == {arn(2), arn(3)}
    assert set(windows_beside(AWS_OWNED, windows)) == set(windows)


@given(st.sampled_from(ENCRYPTIONS), st.lists(st.sampled_from(ENCRYPTIONS), max_size=6))
def test_the_named_command_leaves_nothing(configured: KeyAssignment, encryptions: list[KeyAssignment]) -> None:
    before = observed(configured, *encryptions)
    found = aws_owned_snapshots(before.configured, before.snapshots)
    assert all(each.encryption == AWS_OWNED for each in found)
    assert bool(found) == (configured != AWS_OWNED and AWS_OWNED in encryptions)
    steps = plan(before, PurgeSnapshots())
    assert set(found) <= {step.snapshot for step in steps if isinstance(step, DeleteSnapshot)}
