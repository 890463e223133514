"""Evidence of an application: of an MSF in process, and a Flink that answers as a real one did."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.evidence import EvidenceCollector
from cdk_penstock.model.evidence_summary import evidence_summary
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION, Killed, error
from tests.control.fake_flink import FakeFlink, flink_behind
from tests.control.fake_logs import PYTHON, STREAM_ARN, msf_line
from tests.control.fake_session import FakeAws
from tests.control.local_msf import PAGE, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.collected_evidence import Evidence

OF_MSF = {"application", "operations", "failed-operations", "snapshots", "versions"}
SECRET = "hunter2hunter2"


@pytest.fixture
def aws() -> FakeAws:
    """Return an application with a log and a secret among its properties, which is READY."""
    aws = FakeAws()
    aws.msf.ask(
        "AddApplicationCloudWatchLoggingOption",
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={"LogStreamARN": STREAM_ARN},
    )
    groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": SECRET, "speed": "5"}}]
    aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": groups})
    aws.logs.put(msf_line("all well"))
    aws.logs.put(msf_line(f"cannot connect with password={SECRET}", "ERROR"))
    aws.logs.put(msf_line("ModuleNotFoundError: No module named 'job'", logger=PYTHON))
    return aws


@pytest.fixture
def flink(aws: FakeAws) -> Iterator[FakeFlink]:
    aws.msf.run()
    with flink_behind(aws, "looping") as flink:
        yield flink


def collect(aws: FakeAws, **options: Any) -> Evidence:
    options = {"logs": aws.client("logs"), "timeout_seconds": 600, **options}
    return EvidenceCollector(aws.client(SERVICE), APPLICATION, clock=aws.world.clock, **options).collect()


def reasons(evidence: Evidence) -> dict[str, str]:
    return {each.source: each.reason for each in evidence.unread}


def of_flink(flink: FakeFlink) -> set[str]:
    names = ("details", "exceptions", "plan", "checkpoints", "checkpoint-config", "config", "metrics")
    return {
        "flink/jobs",
        "flink/jobmanager-config",
        "flink/taskmanagers",
        *(f"flink/{flink.job_id}/{name}" for name in names),
    }


def test_everything_of_a_running_application_is_collected(aws: FakeAws, flink: FakeFlink) -> None:
    evidence = collect(aws)
    assert reasons(evidence) == {}
    assert set(evidence.documents) == {*OF_MSF, *of_flink(flink), "log"}
    assert evidence.documents[f"flink/{flink.job_id}/plan"] == flink.answers[f"/jobs/{flink.job_id}/plan"]
    assert [each["ApplicationVersionId"] for each in evidence.documents["versions"]["newest"]] == [3, 2, 1]
    assert (
        evidence.documents["log"].splitlines()[-1].endswith("PythonDriver: ModuleNotFoundError: No module named 'job'")
    )
    assert " ERROR PythonDriver" in evidence.documents["log"]
    # One URL serves for all answers of Flink.
    assert len(aws.world.named("CreateApplicationPresignedUrl")) == 1


def test_flink_comes_first_since_its_answers_are_lost_first(aws: FakeAws, flink: FakeFlink) -> None:
    collect(aws)
    first = aws.world.calls[0][0]
    assert first == "CreateApplicationPresignedUrl"
    assert flink.asked[:2] == ["/jobs/overview", f"/jobs/{flink.job_id}/exceptions"]


def test_no_document_and_no_reason_has_a_secret(aws: FakeAws, flink: FakeFlink) -> None:
    flink.answers["/jobmanager/config"] = [{"key": "s3.secret-key", "value": SECRET}]
    aws.world.fail("ListApplicationSnapshots", error("AccessDeniedException", f"password={SECRET}"))
    evidence = collect(aws)
    assert "snapshots" in reasons(evidence)
    everything = json.dumps([dict(evidence.documents), reasons(evidence), list(evidence.log_lines())])
    assert SECRET not in everything
    assert "authToken" not in everything
    assert SECRET not in evidence_summary(evidence)
    groups = evidence.documents["application"]["ApplicationConfigurationDescription"][
        "EnvironmentPropertyDescriptions"
    ]["PropertyGroupDescriptions"]
    assert groups == [{"PropertyGroupId": "db", "PropertyMap": {"password": "******", "speed": "5"}}]


SOURCES = {
    # Without the description, nobody knows the log.
    "DescribeApplication": {"application", "log"},
    "ListApplicationOperations": {"operations"},
    "ListApplicationSnapshots": {"snapshots"},
    "ListApplicationVersions": {"versions"},
    "DescribeApplicationVersion": {"versions"},
    "GetLogEvents": {"log"},
    "CreateApplicationPresignedUrl": {"flink/jobs"},
}


@pytest.mark.parametrize("operation", SOURCES)
@pytest.mark.parametrize(
    "failure",
    [
        error("AccessDeniedException", "no policy allows it"),
        error("ThrottlingException", "Rate exceeded"),
        error("ResourceNotFoundException", "gone"),
        OSError("the network is down"),
        KeyError("a member that is not there"),
    ],
    ids=["denied", "throttled", "missing", "network", "defect"],
)
def test_a_source_that_fails_hides_no_other_one(
    aws: FakeAws, flink: FakeFlink, operation: str, failure: Exception
) -> None:
    aws.world.fail(operation, failure)
    begin = aws.world.time
    evidence = collect(aws)
    lost = set(SOURCES[operation])
    if operation == "ListApplicationOperations":
        lost |= {"failed-operations"}
    if operation == "CreateApplicationPresignedUrl":
        lost |= of_flink(flink)
    assert set(evidence.documents) == {*OF_MSF, *of_flink(flink), "log"} - lost
    assert set(reasons(evidence)) == SOURCES[operation]
    assert all(len(reason) > 10 for reason in reasons(evidence).values())
    assert (aws.world.time - begin).total_seconds() < 60


def test_a_kill_is_not_taken_for_a_failure_of_a_source(aws: FakeAws) -> None:
    aws.world.kill_before = 3
    with pytest.raises(Killed):
        collect(aws)


def test_an_application_that_is_not_running_has_all_but_flink(aws: FakeAws) -> None:
    evidence = collect(aws)
    assert set(evidence.documents) == {*OF_MSF, "log"}
    assert re.match(
        r"the dashboard of vehicles is there only while .* RUNNING, it is READY", reasons(evidence)["flink/jobs"]
    )


def test_an_answer_of_flink_that_fails_leaves_the_others(aws: FakeAws, flink: FakeFlink) -> None:
    del flink.answers[f"/jobs/{flink.job_id}/checkpoints"]
    evidence = collect(aws)
    name = f"flink/{flink.job_id}/checkpoints"
    assert set(reasons(evidence)) == {name}
    assert "answered 404" in reasons(evidence)[name]
    assert of_flink(flink) - {name} <= set(evidence.documents)


def test_an_id_that_flink_cannot_have_given_never_becomes_a_path(aws: FakeAws, flink: FakeFlink) -> None:
    flink.answers["/jobs/overview"] = {"jobs": [{"jid": "../../etc"}, {"jid": None}, {}]}
    evidence = collect(aws)
    assert flink.asked == ["/jobs/overview", "/jobmanager/config", "/taskmanagers"]
    assert {name for name in evidence.documents if name.startswith("flink/")} == {
        "flink/jobs",
        "flink/jobmanager-config",
        "flink/taskmanagers",
    }


@pytest.mark.parametrize("answer", [[], {"jobs": 5}, "jobs"])
def test_an_answer_of_another_form_raises_nothing(aws: FakeAws, flink: FakeFlink, answer: Any) -> None:
    flink.answers["/jobs/overview"] = answer
    evidence = collect(aws)
    assert {*OF_MSF, "log", "flink/jobs"} <= set(evidence.documents)
    assert "# Evidence of vehicles" in evidence_summary(evidence)


def test_no_source_is_begun_when_the_time_is_over(aws: FakeAws) -> None:
    evidence = collect(aws, timeout_seconds=4)
    assert "application" in evidence.documents
    assert reasons(evidence)["versions"] == "left out: the time for the collection was over"
    assert "versions" not in evidence.documents


def test_without_a_client_of_logs_the_log_is_left_out_silently(aws: FakeAws) -> None:
    assert set(reasons(collect(aws, logs=None))) == {"flink/jobs"}


def test_all_pages_are_read_and_the_newest_entries_come_first(aws: FakeAws) -> None:
    def reverse(operation: str, answer: dict[str, Any]) -> None:
        if operation == "ListApplicationOperations":
            answer["ApplicationOperationInfoList"].reverse()

    aws.msf.rewrite = reverse
    for number in range(2 * PAGE):
        aws.msf.change_code(f"job-{number}.zip")
    operations = collect(aws).documents["operations"]
    times = [each["StartTime"] for each in operations]
    assert len(operations) == 2 * PAGE + 2
    assert times == sorted(times, reverse=True)


def test_numbers_that_json_does_not_have_are_texts(aws: FakeAws, flink: FakeFlink) -> None:
    flink.answers["/taskmanagers"] = {"load": float("nan")}
    assert collect(aws).documents["flink/taskmanagers"] == {"load": "nan"}


def test_enhanced_snapshots_are_among_the_evidence(aws: FakeAws) -> None:
    aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
    aws.msf.start()
    aws.msf.stop()
    (snapshot,) = collect(aws).documents["snapshots"]
    assert snapshot["SourceApplicationName"] == APPLICATION


def test_an_application_without_a_log_says_so() -> None:
    aws = FakeAws()
    assert reasons(collect(aws))["log"] == "the application has no CloudWatch logging option"


def test_lines_for_a_log_have_everything_and_are_short(aws: FakeAws, flink: FakeFlink) -> None:
    for number in range(500):
        aws.logs.put(msf_line(f"{number} {'x' * 1_000}"))
    lines = [json.loads(line) for line in collect(aws).log_lines()]
    assert {"application", "log", f"flink/{flink.job_id}/exceptions"} <= {line.get("name") for line in lines}
    assert lines[-1]["unread"] == {}
    assert all(line["evidence_of"] == APPLICATION for line in lines)
    log = next(line for line in lines if line.get("name") == "log")
    assert log["cut_off"] is True
    assert log["document"].endswith(f"499 {'x' * 1_000}")
    assert all(len(line) < 256 * 1024 for line in collect(aws).log_lines())


def test_the_summary_tells_the_failed_operation_the_job_and_the_errors(aws: FakeAws, flink: FakeFlink) -> None:
    aws.msf.outcomes.append(JobState.FAILED)
    aws.msf.change_code("job-2.zip")
    aws.msf.start()
    text = evidence_summary(collect(aws))
    for words in (
        "- status: RUNNING",
        "- runtime: FLINK-1_20",
        "- key: the AWS-owned key",
        "UpdateApplication FAILED",
        "  - the job did not start",
        "- job: job RESTARTING, 0 of 4 subtasks run, 3 CANCELED, 1 FAILED",
        "- restarts: 12",
        "java.lang.ArithmeticException: / by zero | at StreamExecCalc",
        "ERROR PythonDriver: ModuleNotFoundError",
        "## Not read\n\nNothing.",
    ):
        assert words in text, text
    assert "all well" not in text
