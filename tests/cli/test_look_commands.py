"""``penstock app`` status, operations, versions and dashboard."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cdk_penstock.control.errors import ApplicationMissingError, ControlError, MissingPermissionError
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.cli.operating import AS_OPERATOR, COMMON, check_only_read, fields, invoke, new_aws, shown
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN, KEY_1, OPERATOR, error
from tests.control.fake_flink import flink_behind
from tests.control.local_msf import cmk

if TYPE_CHECKING:
    from tests.control.fake_session import FakeAws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    return new_aws(monkeypatch)


def lines_of(text: str) -> dict[str, str]:
    """Return the values of two columns by their names."""
    pairs = [line.strip().split("  ", 1) for line in text.splitlines()[1:]]
    return {pair[0]: pair[-1].strip() for pair in pairs}


# status


def test_the_status_of_a_running_application(aws: FakeAws) -> None:
    aws.msf.run()
    text = shown("status", common=AS_OPERATOR)
    assert text.splitlines()[0] == APPLICATION_ARN
    assert lines_of(text) == {
        "status": "RUNNING",
        "version": "2",
        "runtime": "FLINK-1_20",
        "parallelism": "1, 1 per KPU, autoscaling on",
        "configured key": "the AWS-owned key",
        "effective key": "the AWS-owned key",
        "pending restart": "no",
        "snapshots": "1, newest READY old, 30 d old",
        "last operation": lines_of(text)["last operation"],
    }
    assert lines_of(text)["last operation"].startswith("StartApplication SUCCESSFUL, began 2026-01-01 00:00:")
    check_only_read(aws)
    assert {each.get("aws_access_key_id") for each in aws.sessions} == {None, f"of {OPERATOR}"}


def test_the_status_for_scripts(aws: FakeAws) -> None:
    aws.msf.run()
    aws.msf.move("AUTOSCALING")
    aws.msf.await_status("RUNNING")
    found = fields("status")
    assert found["application"] == APPLICATION_ARN
    assert (found["status"], found["versionId"], found["rolledBackFrom"]) == ("RUNNING", 2, None)
    assert found["parallelism"] == {"configured": 1, "current": 2, "perKpu": 1, "autoScaling": True}
    assert found["snapshots"]["count"] == 2
    assert found["snapshots"]["newestReadyAgeSeconds"] > 0
    assert found["job"] is None
    assert "1, now 2, 1 per KPU" in shown("status")


def test_a_failed_operation_is_shown_with_its_reason(aws: FakeAws) -> None:
    aws.msf.outcomes.append(JobState.FAILED)
    aws.msf.ask("StartApplication")
    aws.msf.await_status("READY")
    text = shown("status")
    assert "last operation   StartApplication FAILED" in text
    assert "the job did not start" in text
    assert fields("status")["lastOperation"]["reason"] == "the job did not start"
    assert "none, the application is not running" in text


def test_a_version_that_was_rolled_back_is_told(aws: FakeAws) -> None:
    aws.msf.run()
    aws.msf.change_code("job-2.zip")
    aws.msf.ask("RollbackApplication", CurrentApplicationVersionId=3)
    aws.msf.await_status("RUNNING")
    assert "4, rolled back from 3" in shown("status")


def test_a_rotated_key_needs_a_restart(aws: FakeAws) -> None:
    aws.msf.policies.managed_keys = {KEY_1}
    aws.msf.run(cmk(KEY_1))
    assert fields("status", common=AS_OPERATOR)["pendingRestart"] is None
    aws.kms.rotations[KEY_1] = [aws.world.time]
    assert "key material was rotated at" in fields("status", common=AS_OPERATOR)["pendingRestart"]


@pytest.mark.parametrize(
    ("operation", "code", "part"),
    [
        ("ListApplicationSnapshots", "AccessDeniedException", "snapshots        unknown: "),
        ("ListApplicationOperations", "AccessDeniedException", "last operation   unknown: cannot list the operations"),
        (
            "ListApplicationOperations",
            "AccessDeniedException",
            "pending restart  unknown: the operations cannot",
        ),
        ("DescribeKey", "AccessDeniedException", "pending restart  unknown: key "),
        ("DescribeKey", "NotFoundException", "pending restart  unknown: key "),
    ],
)
def test_a_part_that_the_caller_may_not_see_is_unknown_and_hides_nothing(
    aws: FakeAws, operation: str, code: str, part: str
) -> None:
    aws.msf.policies.managed_keys = {KEY_1}
    aws.msf.run(cmk(KEY_1))
    aws.world.fail(operation, error(code, "no policy allows it"))
    begin = aws.world.time
    text = shown("status", common=AS_OPERATOR)
    assert part in text
    assert text.count("unknown") == 1 + (operation == "ListApplicationOperations")
    assert "version          3" in text
    assert (aws.world.time - begin).total_seconds() < 20


def test_enhanced_snapshots_are_counted_as_well(aws: FakeAws) -> None:
    aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
    aws.msf.start()
    aws.msf.stop()
    found = fields("status")["snapshots"]
    assert found["count"] == 1
    assert aws.world.named("ListSnapshots")


def test_a_status_without_permission_or_application_is_an_error_at_once(aws: FakeAws) -> None:
    begin = aws.world.time
    aws.world.fail("DescribeApplication", error("AccessDeniedException", "no policy allows it"))
    with pytest.raises(MissingPermissionError):
        invoke("status")
    with pytest.raises(ApplicationMissingError):
        invoke("status", common=["--application", "nobody", "--region", "eu-central-1"])
    assert (aws.world.time - begin).total_seconds() < 10


# status --watch


def test_watching_ends_when_the_status_lasts_and_asks_for_nothing_else(aws: FakeAws) -> None:
    aws.msf.ask("StartApplication")
    result = invoke("status", "--watch")
    assert result.exit_code == 0
    assert "vehicles is STARTING" in result.stderr
    assert "status           RUNNING" in result.stdout
    watched = [name for name, _ in aws.world.calls][:-3]
    assert set(watched) == {"DescribeApplication"}
    assert len(watched) > 3


def test_watching_shows_each_status(aws: FakeAws) -> None:
    aws.msf.run()
    aws.msf.enable_rollback()
    aws.msf.outcomes.append(JobState.FAILED)
    aws.msf.update(EnvironmentPropertyUpdates={"PropertyGroups": []})
    errors = invoke("status", "--watch").stderr
    assert errors.index("vehicles is UPDATING") < errors.index("vehicles is ROLLING_BACK")


def test_watching_outlives_throttling_and_a_lost_connection(aws: FakeAws) -> None:
    aws.msf.ask("StartApplication")
    lost: Any = EndpointConnectionError(endpoint_url="https://msf")
    described = 0

    def fail_later(operation: str, _request: dict[str, Any]) -> None:
        nonlocal described
        described += operation == "DescribeApplication"
        if described in {2, 3}:
            raise error("ThrottlingException", "Rate exceeded") if described == 2 else lost

    aws.world.on_call = fail_later
    assert "RUNNING" in shown("status", "--watch")


def test_watching_what_cannot_be_reached_is_an_error(aws: FakeAws) -> None:
    lost: Any = EndpointConnectionError(endpoint_url="https://msf")
    aws.world.fail("DescribeApplication", lost)
    with pytest.raises(ControlError, match="cannot reach AWS"):
        invoke("status", "--watch")


def test_watching_a_deletion_ends_with_it(aws: FakeAws) -> None:
    aws.msf.delete(seconds=20)
    result = invoke("status", "--watch")
    assert (result.exit_code, result.stdout) == (0, f"application {APPLICATION} is deleted\n")
    assert "vehicles is DELETING" in result.stderr


# status --health


def test_the_health_is_one_look_through_one_url(aws: FakeAws) -> None:
    aws.msf.run()
    with flink_behind(aws) as flink:
        text = shown("status", "--health")
        assert len(aws.world.named("CreateApplicationPresignedUrl")) == 1
        job = fields("status", "--health")["job"]
    assert "vertex           Source: source[1]: 2 RUNNING of 2" in text
    assert "restarts         0" in text
    assert "last checkpoint  7, " in text
    assert (job["jobId"], job["allSubtasksRun"], job["restarts"]) == (flink.job_id, True, 0)
    # Five answers for each of the two looks.
    assert len(flink.asked) == 10


def test_flink_is_not_asked_unless_somebody_asks_for_it(aws: FakeAws) -> None:
    aws.msf.run()
    with flink_behind(aws) as flink:
        shown("status")
        assert flink.asked == []
    assert not aws.world.named("CreateApplicationPresignedUrl")


def test_the_health_of_a_job_that_loops_and_of_one_that_is_not_there(aws: FakeAws) -> None:
    aws.msf.run()
    with flink_behind(aws, "looping") as flink:
        text = shown("status", "--health")
        assert "job              job RESTARTING, 0 of 4 subtasks run" in text
        assert "restarts         12" in text
        assert "last failure     2026-11-27 10:13:07Z java.lang.ArithmeticException: / by zero" in text
        del flink.answers[f"/jobs/{flink.job_id}/checkpoints"]
        assert fields("status", "--health")["job"]["lastCheckpoint"] is None
        flink.answers["/jobs/overview"] = {"jobs": []}
        assert "Flink has no job: its main() failed" in shown("status", "--health")
        del flink.answers["/jobs/overview"]
        assert fields("status", "--health")["job"]["unknown"].startswith("unknown: Flink's REST API answered 404")


def test_the_health_of_a_stopped_application_is_told_without_a_url(aws: FakeAws) -> None:
    assert "not looked at: Flink's REST API is there only while the status is RUNNING, it is READY" in shown(
        "status", "--health"
    )
    assert not aws.world.named("CreateApplicationPresignedUrl")


# operations


def test_operations_are_listed_the_newest_first_with_those_of_msf_itself(aws: FakeAws) -> None:
    aws.msf.run()
    aws.msf.move("MAINTENANCE")
    aws.msf.await_status("RUNNING")
    aws.msf.move("AUTOSCALING")
    aws.msf.await_status("RUNNING")
    aws.msf.outcomes.append(JobState.FAILED)
    aws.msf.change_code("job-2.zip")
    found = fields("operations")
    assert len(found) == len(aws.msf.ask("ListApplicationOperations", Limit=50)["ApplicationOperationInfoList"])
    assert [each["startedAt"] for each in found] == sorted((each["startedAt"] for each in found), reverse=True)
    assert (found[0]["operation"], found[0]["status"]) == ("UpdateApplication", "FAILED")
    assert found[0]["reason"] == "the job did not start"
    assert [each["reason"] for each in found[1:]] == [None] * (len(found) - 1)
    lines = shown("operations", "--limit", "2").splitlines()
    assert lines[0].startswith("UpdateApplication FAILED, began 2026-01-31")
    assert lines[0].endswith(f"  {found[0]['id']}")
    assert lines[1] == "    the job did not start"
    assert len(lines) == 3
    check_only_read(aws)


def test_an_operation_in_progress_has_no_end(aws: FakeAws) -> None:
    aws.msf.ask("StartApplication")
    (newest, *_) = fields("operations")
    assert (newest["status"], newest["endedAt"]) == ("IN_PROGRESS", None)
    assert "took" not in shown("operations", "--limit", "1")


def test_an_application_without_operations_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = new_aws(monkeypatch)
    aws.msf.delete()
    aws.msf.create()
    assert shown("operations") == "application vehicles has no operations yet\n"
    assert fields("operations") == []


# versions


def test_versions_are_listed_with_what_made_each(aws: FakeAws) -> None:
    aws.msf.change_code("job-2.zip")
    lines = shown("versions").splitlines()
    assert lines[0].startswith("    3  2026-01-01 00:0")
    assert lines[0].endswith("  READY  UpdateApplication")
    assert "       code: s3://code/job-1.zip -> s3://code/job-2.zip" in lines
    assert lines[-1].endswith("CreateApplication")
    found = fields("versions", "--limit", "2")
    assert [(each["versionId"], each["madeBy"]) for each in found] == [
        (3, "UpdateApplication"),
        (2, "AddApplicationCloudWatchLoggingOption"),
    ]
    assert {"setting": "code", "before": "s3://code/job-1.zip", "after": "s3://code/job-2.zip"} in found[0]["changed"]
    check_only_read(aws)


def test_two_versions_are_compared_without_their_secrets(aws: FakeAws) -> None:
    for number, secret in enumerate(("hunter2", "swordfish")):
        groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": secret, "speed": str(number)}}]
        aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": groups})
    assert shown("versions", "3", "4") == (
        "property db password\n      3  ******\n      4  ****** (another value)\n"
        "property db speed\n      3  0\n      4  1\n"
    )
    assert fields("versions", "4", "3")[1] == {"setting": "property db speed", "before": "1", "after": "0"}
    assert shown("versions", "4", "4") == "versions 4 and 4 have the same settings\n"
    everything = (
        shown("versions") + shown("versions", "4") + shown("versions", "--json") + shown("versions", "4", "--json")
    )
    assert "hunter2" not in everything
    assert "swordfish" not in everything


def test_one_version_is_shown_with_all_its_settings(aws: FakeAws) -> None:
    settings = fields("versions", "1")
    assert settings["runtime"] == "FLINK-1_20"
    assert settings["code"] == "s3://code/job-1.zip"
    assert settings["checkpoints CheckpointInterval"] == "60000 ms"
    assert "logging LogStreamARN" not in settings
    assert "logging LogStreamARN" in fields("versions", "2")


def test_a_version_that_does_not_exist_is_an_error(aws: FakeAws) -> None:
    with pytest.raises(ControlError, match="has no version 9: expected one of 1 to 2, see penstock app versions"):
        invoke("versions", "1", "9")


# dashboard


def test_the_dashboard_is_a_url_on_stdout_and_a_warning_beside_it(aws: FakeAws) -> None:
    aws.msf.run()
    result = invoke("dashboard")
    assert result.stdout.startswith("http://")
    assert result.stdout.count("\n") == 1
    assert "use it before 00:0" in result.stderr
    assert "whoever has it can read the dashboard" in result.stderr
    (asked,) = aws.world.named("CreateApplicationPresignedUrl")
    assert asked["SessionExpirationDurationInSeconds"] == 3_600
    found = fields("dashboard", "--session-seconds", "43200")
    assert (found["sessionSeconds"], found["firstUseBefore"][:10]) == (43_200, "2026-01-31")


@pytest.mark.parametrize("works", [True, False])
def test_the_dashboard_is_opened_on_request(aws: FakeAws, works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or works)
    aws.msf.run()
    shown("dashboard")
    assert opened == []
    result = invoke("dashboard", "--open")
    assert opened == [result.stdout.strip()]
    assert ("no browser could be opened: copy the URL" in result.stderr) != works


@pytest.mark.parametrize("status", ["READY", "STARTING", "UPDATING"])
def test_the_dashboard_of_an_application_that_is_not_running_is_refused(aws: FakeAws, status: str) -> None:
    if status != "READY":
        aws.msf.run()
        aws.msf.move(status)
    fix = "start it with penstock app start" if status == "READY" else "wait with penstock app status --watch"
    with pytest.raises(ControlError, match=rf"only while the application is RUNNING, it is {status}: {fix}"):
        invoke("dashboard")


def test_the_dashboard_needs_a_permission_that_is_named_at_once(aws: FakeAws) -> None:
    aws.msf.run()
    begin = aws.world.time
    aws.world.fail("CreateApplicationPresignedUrl", error("AccessDeniedException", "no policy allows it"))
    with pytest.raises(MissingPermissionError, match="kinesisanalytics:CreateApplicationPresignedUrl"):
        invoke("dashboard", common=COMMON)
    assert (aws.world.time - begin).total_seconds() < 5
