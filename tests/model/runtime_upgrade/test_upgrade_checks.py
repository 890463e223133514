"""The table of checks before an upgrade, and what each finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdk_penstock.model.keys.observed_application import Snapshot
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Observation, VersionFacts
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from cdk_penstock.model.runtime_upgrade import CheckResult, UpgradeCheck, UpgradeFacts, check_upgrade
from cdk_penstock.model.runtime_upgrade.documented_changes import DOCUMENTED_CHANGES
from cdk_penstock.model.runtimes import FlinkRuntime

NOW = datetime(2026, 1, 31, tzinfo=UTC)
PYTHON = {"PropertyGroupDescriptions": [{"PropertyGroupId": RUN_OPTIONS_GROUP, "PropertyMap": {"python": "main.py"}}]}
ALL = FlinkRuntime.known()


def observation(
    runtime: str, *, status: str = "RUNNING", configuration: dict[str, Any] | None = None, snapshots: Any = ()
) -> Observation:
    settings = DescribedSettings(runtime_environment=runtime, role_arn="role", configuration=configuration or {})
    version = VersionFacts(version_id=3, created_at=NOW - timedelta(days=1), settings=settings)
    return Observation(
        status=ApplicationStatus(status), version_id=3, versions=(version,), now=NOW, snapshots=tuple(snapshots)
    )


def snapshot(name: str, runtime: str, *, status: SnapshotStatus = SnapshotStatus.READY, days: int = 1) -> Snapshot:
    return Snapshot(
        name=name,
        status=status,
        created_at=NOW - timedelta(days=days),
        application_version_id=3,
        runtime_environment=runtime,
    )


def checks(
    seen: Observation, target: str, *, code: bool = False, problems: tuple[str, ...] | None = ()
) -> tuple[UpgradeCheck, ...]:
    facts = UpgradeFacts(seen=seen, target=FlinkRuntime.of(target), replaces_code=code, package_problems=problems)
    return check_upgrade(facts)


def found(all_checks: tuple[UpgradeCheck, ...], result: CheckResult) -> list[str]:
    return [each.subject for each in all_checks if each.result is result]


@pytest.mark.parametrize("target", ALL, ids=lambda each: each.identifier)
@pytest.mark.parametrize("present", ALL, ids=lambda each: each.identifier)
def test_only_an_upgrade_to_a_newer_supported_runtime_is_free_of_problems(
    present: FlinkRuntime, target: FlinkRuntime
) -> None:
    results = checks(observation(present.identifier), target.identifier, code=True)
    expected = []
    if target.release <= present.release:
        expected = ["runtime"]
    else:
        expected += [] if target.is_supported else ["support"]
        expected += ["state"] if present.release == (1, 6) and target.release >= (1, 18) else []
    assert found(results, CheckResult.PROBLEM) == expected


def test_a_way_back_is_called_a_rollback_and_the_same_runtime_a_deployment() -> None:
    (older,) = checks(observation("FLINK-2_2"), "FLINK-1_20")
    assert str(older) == (
        "runtime: FLINK-1_20 is older than the present FLINK-2_2, which wrote the state; to undo an upgrade, use"
        " penstock app rollback"
    )
    (same,) = checks(observation("FLINK-2_2"), "FLINK-2_2")
    assert "use penstock app deploy" in str(same)


@pytest.mark.parametrize(
    ("present", "target", "reviews"),
    [
        ("FLINK-1_19", "FLINK-1_20", []),
        ("FLINK-2_2", "FLINK-2_3", []),
        ("FLINK-1_15", "FLINK-1_20", []),
        ("FLINK-1_13", "FLINK-1_15", ["way back", "Kinesis sinks"]),
        (
            "FLINK-1_11",
            "FLINK-1_20",
            ["way back", "Kinesis consumers with enhanced fan-out", "Kinesis sinks"],
        ),
        (
            "FLINK-1_20",
            "FLINK-2_2",
            ["state in Kryo's format", "collections in state", "Kinesis source", "removed interfaces"],
        ),
    ],
)
def test_only_a_person_can_find_out_what_the_documentation_warns_of(
    present: str, target: str, reviews: list[str]
) -> None:
    assert found(checks(observation(present), target, code=True), CheckResult.REVIEW) == reviews


def test_every_documented_change_has_its_sentence_once() -> None:
    texts = [each.check.text for each in DOCUMENTED_CHANGES]
    assert len(texts) == len(set(texts))
    assert all(each.check.fix for each in DOCUMENTED_CHANGES if each.check.result is not CheckResult.NOTE)


def test_a_key_comes_after_the_upgrade_and_alarms_follow_the_metrics() -> None:
    notes = found(checks(observation("FLINK-1_18"), "FLINK-1_20"), CheckResult.NOTE)
    assert "customer managed key" in notes
    assert "metrics" not in notes
    notes = found(checks(observation("FLINK-1_20"), "FLINK-2_2"), CheckResult.NOTE)
    assert "customer managed key" not in notes
    assert "metrics" in notes


@pytest.mark.parametrize(
    ("code", "problems", "result", "words"),
    [
        (True, (), CheckResult.OK, "new code: its connectors, its Java and its Python fit FLINK-1_20"),
        (False, (), CheckResult.OK, "present code: its connectors"),
        (True, ("a.jar is old",), CheckResult.PROBLEM, "new code: a.jar is old"),
        (False, ("a.jar is old",), CheckResult.PROBLEM, "a.jar is old; pass code for the new runtime with --code"),
        (False, None, CheckResult.REVIEW, "present code: it could not be read"),
    ],
)
def test_the_code_is_checked_for_the_new_runtime(
    code: bool, problems: tuple[str, ...] | None, result: CheckResult, words: str
) -> None:
    results = checks(observation("FLINK-1_19"), "FLINK-1_20", code=code, problems=problems)
    assert any(each.result is result and words in str(each) for each in results)


def test_code_of_another_major_release_needs_a_look_even_if_nothing_was_found() -> None:
    assert "present code" in found(checks(observation("FLINK-1_20"), "FLINK-2_2"), CheckResult.REVIEW)


def test_disabled_snapshots_are_a_problem() -> None:
    disabled = {"ApplicationSnapshotConfigurationDescription": {"SnapshotsEnabled": False}}
    results = checks(observation("FLINK-1_19", configuration=disabled), "FLINK-1_20")
    assert found(results, CheckResult.PROBLEM) == ["snapshot"]


@pytest.mark.parametrize(
    ("snapshots", "result", "words"),
    [
        ([], CheckResult.REVIEW, "stopped and has none: it will begin without state"),
        ([snapshot("a", "FLINK-1_19")], CheckResult.OK, "it will start from a, of 2026-01-30 00:00 UTC"),
        (
            [snapshot("a", "FLINK-1_19", days=2), snapshot("b", "FLINK-1_19", status=SnapshotStatus.FAILED)],
            CheckResult.OK,
            "it will start from a",
        ),
        ([snapshot("a", "FLINK-2_2")], CheckResult.PROBLEM, "taken on FLINK-2_2, which FLINK-1_20 cannot read"),
    ],
)
def test_a_stopped_application_needs_a_snapshot_that_the_new_runtime_reads(
    snapshots: list[Snapshot], result: CheckResult, words: str
) -> None:
    results = checks(observation("FLINK-1_19", status="READY", snapshots=snapshots), "FLINK-1_20")
    (check,) = [each for each in results if each.subject == "snapshot"]
    assert check.result is result
    assert words in check.text


def test_a_python_job_is_told_of_its_python() -> None:
    python = {"EnvironmentPropertyDescriptions": PYTHON}
    results = checks(observation("FLINK-1_20", configuration=python), "FLINK-2_2", code=True)
    assert "Python: the job gets Python 3.12, now it has 3.11" in [str(each) for each in results]
    assert "Python" not in [each.subject for each in checks(observation("FLINK-1_20"), "FLINK-2_2")]


def test_a_runtime_that_runs_no_python_is_a_problem_for_a_python_job() -> None:
    seen = observation("FLINK-1_20", configuration={"EnvironmentPropertyDescriptions": PYTHON})
    target = replace(FlinkRuntime.of("FLINK-2_2"), python_version=None)
    facts = UpgradeFacts(seen=seen, target=target, replaces_code=True, package_problems=())
    assert found(check_upgrade(facts), CheckResult.PROBLEM) == ["Python"]


def test_the_way_back_depends_on_system_rollback() -> None:
    enabled = {"ApplicationSystemRollbackConfigurationDescription": {"RollbackEnabled": True}}
    assert "way back" in found(checks(observation("FLINK-1_19"), "FLINK-1_20"), CheckResult.NOTE)
    results = checks(observation("FLINK-1_19", configuration=enabled), "FLINK-1_20")
    assert "way back" not in found(results, CheckResult.NOTE)
