"""The local MSF over Flink, called with boto3: a job that counts loses and repeats nothing."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import boto3
import pytest

from cdk_penstock.control.application_look import ApplicationLook
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.evidence import EvidenceCollector
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.service.background import BackgroundOptions, RunningStack, start_in_background
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.model.evidence_summary import evidence_summary
from cdk_penstock.model.job_overview import JobOverview
from cdk_penstock.model.lifecycle.system_actions import scale
from tests.local.service.counting_app import CountingApp
from tests.local.service.flink_jobs import TIMEOUT_SECONDS, counting_zip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.pipeline


def test_counts_survive_update_stop_start_and_scaling(app: CountingApp) -> None:
    app.create()
    assert app.start() == "RUNNING"
    app.wait_rows(50)
    assert app.update(ApplicationCodeConfigurationUpdate=app.code("two")) == "RUNNING"
    app.wait_rows(20, "two")
    gap_seconds = app.bench.times("two")[0] - app.bench.times("one")[-1]
    assert app.stop() == "READY"
    begin, rows = time.monotonic(), len(app.bench.rows("two"))
    assert app.start() == "RUNNING"
    app.wait_rows(rows + 1, "two")
    # Without records, an update costs little more than a start on the cluster that is kept.
    assert gap_seconds <= 2 * (time.monotonic() - begin)
    app.msf.msf.commit(scale(app.msf.msf.situation(app.msf.application(app.name).arn), up=True))
    assert app.settled() == "RUNNING"
    flink = app.detail()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    assert flink["ParallelismConfigurationDescription"]["CurrentParallelism"] == 2
    app.finish()


def test_a_rollback_goes_on_from_the_snapshot_that_the_update_took(app: CountingApp) -> None:
    app.create()
    app.start()
    app.wait_rows(50)
    app.update(ApplicationCodeConfigurationUpdate=app.code("two"))
    app.client.rollback_application(ApplicationName=app.name, CurrentApplicationVersionId=2)
    assert app.settled() == "RUNNING"
    detail = app.detail()
    assert detail["ApplicationVersionRolledBackTo"] == 1
    code = detail["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
    assert code["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]["FileKey"] == "one.zip"
    app.count_to_the_end()
    app.bench.assert_complete()


def test_a_failing_update_is_rolled_back_and_the_counts_go_on(app: CountingApp) -> None:
    app.create(rollback=True)
    app.start()
    app.wait_rows(50)
    status = app.update(EnvironmentPropertyUpdates=app.properties(rate=100, fail="no luck"))
    assert status == "RUNNING"
    operation = app.last_operation()
    assert operation["OperationStatus"] == "SUCCESSFUL"
    failed = app.client.list_application_operations(ApplicationName=app.name, OperationStatus="FAILED")
    assert [each["Operation"] for each in failed["ApplicationOperationInfoList"]] == ["UpdateApplication"]
    assert "no luck" not in str(app.detail()["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"])
    app.finish()


def test_state_that_does_not_fit_fails_the_start_and_is_left_out_on_request(app: CountingApp) -> None:
    app.create()
    app.start()
    app.wait_rows(50)
    app.stop()
    app.update(EnvironmentPropertyUpdates=app.properties(rate=100, reshape="yes"))
    assert app.start() == "READY"
    operation = app.last_operation()
    assert operation["OperationStatus"] == "FAILED"
    assert "Cannot map checkpoint/savepoint state" in operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert app.start(FlinkRunConfiguration={"AllowNonRestoredState": True}) == "RUNNING"


def test_counts_survive_the_loss_of_a_task_manager(app: CountingApp) -> None:
    app.create()
    app.start()
    app.wait_rows(50)
    app.msf.driver.kill_task_manager(app.msf.application(app.name).uid)
    app.wait_rows(len(app.bench.rows()) + 50)
    assert app.detail()["ApplicationStatus"] == "RUNNING"
    app.finish()


def test_evidence_and_health_of_a_job_are_read_from_a_real_flink(app: CountingApp) -> None:
    app.create()
    app.start()
    app.wait_rows(1)
    begin = time.monotonic()
    evidence = EvidenceCollector(app.client, app.name, logs=None, clock=Clock()).collect()
    assert time.monotonic() - begin < 10
    assert evidence.unread == ()
    (overview,) = evidence.documents["flink/jobs"]["jobs"]
    of_the_job = {name for name in evidence.documents if name.startswith(f"flink/{overview['jid']}/")}
    assert len(of_the_job) == 7
    assert evidence.documents[f"flink/{overview['jid']}/plan"]["plan"]["nodes"]
    assert evidence.documents["flink/taskmanagers"]["taskmanagers"]
    assert "- job: job RUNNING, " in evidence_summary(evidence)
    keys = KmsKeys(boto3.client("kms", **app.msf.client_options), clock=Clock())
    job = ApplicationLook(app.client, app.name, keys=keys, clock=Clock()).overview(health=True).job
    assert isinstance(job, JobOverview)
    assert job.sample.runs
    assert job.restarts == 0
    assert job.checkpoint is not None


@pytest.mark.parametrize("moment", ["at once", "when the snapshot is there"])
def test_counts_survive_a_kill_of_the_service_during_an_update(moment: str, job_python: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    bucket = folder / "buckets" / "code"
    bucket.mkdir(parents=True)
    for version in ("one", "two"):
        counting_zip(bucket / f"{version}.zip", version)
    options = BackgroundOptions(kafka=False, prometheus=False, job_python=str(job_python))
    running = start_in_background(folder, options, progress=SilentProgress())
    try:
        killed = CountingApp(
            LocalMsf(LocalMsfOptions(folder=folder)), "killed", tmp_path / "out", client_options(running)
        )
        killed.create()
        killed.client.start_application(ApplicationName="killed")
        killed.wait_rows(50)
        killed.client.update_application(
            ApplicationName="killed",
            CurrentApplicationVersionId=1,
            ApplicationConfigurationUpdate={"ApplicationCodeConfigurationUpdate": killed.code("two")},
        )
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while moment != "at once" and not list(folder.glob("applications/*/savepoints/*/*/_metadata")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.kill(running.pid, signal.SIGKILL)
    with LocalMsf(LocalMsfOptions(folder=folder, job_python=job_python)) as msf:
        app = CountingApp(msf, "killed", tmp_path / "out")
        assert app.settled() == "RUNNING"
        assert app.detail()["ApplicationVersionId"] == 2
        app.wait_rows(1, "two")
        app.finish()


def client_options(running: RunningStack) -> dict[str, str]:
    return {
        "endpoint_url": running.url,
        "region_name": running.environment["AWS_REGION"],
        "aws_access_key_id": running.environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": running.environment["AWS_SECRET_ACCESS_KEY"],
    }
