from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Deployment, Operation, Revision, find_undone

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
OLD = Revision(code_bucket_arn="arn:aws:s3:::code", code_key="1.zip", runtime_environment="FLINK-1_20")
NEW = Revision(code_bucket_arn="arn:aws:s3:::code", code_key="2.zip", runtime_environment="FLINK-1_20")

OPERATIONS = st.lists(
    st.builds(
        lambda name, status, seconds: Operation(
            operation_id=f"{name}-{seconds}",
            name=name,
            status=status,
            started_at=BEGAN + timedelta(seconds=seconds),
            ended_at=BEGAN + timedelta(seconds=seconds),
        ),
        st.sampled_from(["UpdateApplication", "StartApplication", "StopApplication", "RollbackApplication", "Scaling"]),
        st.sampled_from(["SUCCESSFUL", "FAILED", "CANCELLED", "IN_PROGRESS"]),
        st.integers(-100, 100),
    ),
    max_size=6,
    unique_by=lambda each: each.started_at,
)


def operation(name: str, status: str, seconds: int = 1) -> Operation:
    moment = BEGAN + timedelta(seconds=seconds)
    return Operation(operation_id="1", name=name, status=status, started_at=moment, ended_at=moment)


@given(OPERATIONS)
def test_a_rollback_is_measured_by_what_runs_alone(operations: list[Operation]) -> None:
    deployment = Deployment(began_at=BEGAN, is_rollback=True)
    assert find_undone(deployment, expected=OLD, before=NEW, found=OLD, operations=operations) is None
    undone = find_undone(deployment, expected=OLD, before=NEW, found=NEW, operations=operations)
    assert undone is not None
    assert undone.operation is None


@given(OPERATIONS)
def test_what_an_imported_application_runs_is_others_business(operations: list[Operation]) -> None:
    deployment = Deployment(began_at=BEGAN)
    assert find_undone(deployment, expected=None, before=None, found=OLD, operations=operations) is None


@given(OPERATIONS)
def test_only_what_began_since_counts_and_a_start_puts_in_force_what_was_before_it(operations: list[Operation]) -> None:
    undone = find_undone(Deployment(began_at=BEGAN), expected=NEW, before=OLD, found=NEW, operations=operations)
    starts = [each.started_at for each in operations if each.name == "StartApplication" and each.succeeded]
    since = max([BEGAN, *starts])
    bad = [
        each
        for each in operations
        if each.started_at >= since
        and (
            (each.name == "UpdateApplication" and each.failed)
            or (each.name == "RollbackApplication" and each.succeeded)
        )
    ]
    assert (undone is None) == (not bad)
    if undone is not None:
        assert undone.operation in bad
        assert not undone.deviates


@pytest.mark.parametrize("name", ["UpdateApplication", "AddApplicationVpcConfiguration"])
@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_every_operation_that_makes_a_version_may_fail(name: str, status: str) -> None:
    failed = operation(name, status)
    undone = find_undone(Deployment(began_at=BEGAN), expected=OLD, before=OLD, found=OLD, operations=[failed])
    assert undone is not None
    assert undone.operation == failed


def test_what_failed_is_named_rather_than_the_rollback_of_it() -> None:
    failed, rollback = operation("UpdateApplication", "FAILED", 1), operation("SystemRollback", "SUCCESSFUL", 2)
    for operations, named in (([failed, rollback], failed), ([rollback], rollback)):
        undone = find_undone(Deployment(began_at=BEGAN), expected=NEW, before=OLD, found=OLD, operations=operations)
        assert undone is not None
        assert undone.operation == named
        assert undone.deviates


def test_without_a_version_any_of_the_object_will_do() -> None:
    versioned = Revision(
        code_bucket_arn=NEW.code_bucket_arn, code_key="2.zip", code_version="7", runtime_environment="FLINK-1_20"
    )
    assert NEW.is_met_by(versioned)
    assert not versioned.is_met_by(NEW)
    assert not NEW.is_met_by(None)
    assert str(versioned) == "s3://code/2.zip (version 7) on FLINK-1_20"


def test_another_runtime_is_another_revision() -> None:
    newer = Revision(code_bucket_arn=NEW.code_bucket_arn, code_key="2.zip", runtime_environment="FLINK-2_2")
    undone = find_undone(Deployment(began_at=BEGAN), expected=newer, before=NEW, found=NEW, operations=[])
    assert undone is not None
    assert undone.deviates
