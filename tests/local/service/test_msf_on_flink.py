"""The local MSF over Flink, called with boto3: a job that counts loses and repeats nothing."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cdk_penstock.control.application_look import ApplicationLook
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.evidence import EvidenceCollector
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.service.background import BackgroundOptions, RunningStack, start_in_background
from cdk_penstock.local.service.identity import utc_now
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.model.evidence_summary import evidence_summary
from cdk_penstock.model.job_overview import JobOverview
from cdk_penstock.model.lifecycle.system_actions import scale
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from tests.local.service.flink_jobs import TIMEOUT_SECONDS, Bench, counting_zip

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.pipeline

ROLE = "arn:aws:iam::000000000000:role/job"
FAST = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("msf")


@pytest.fixture(scope="module")
def msf(folder: Path, job_python: Path) -> Iterator[LocalMsf]:
    """Return the endpoint of all tests, with two versions of the code in a bucket."""
    bucket = folder / "buckets" / "code"
    bucket.mkdir(parents=True)
    for version in ("one", "two"):
        counting_zip(bucket / f"{version}.zip", version)
    with LocalMsf(LocalMsfOptions(folder=folder, job_python=job_python)) as msf:
        yield msf


@dataclass
class App:
    """The application of one test. All have one name in turn, but each has its own cluster."""

    msf: LocalMsf
    name: str
    out: Path
    client_options: dict[str, str] | None = None
    count: int = 6_000

    def __post_init__(self) -> None:
        self.client = boto3.client("kinesisanalyticsv2", **(self.client_options or self.msf.client_options))
        self.bench = Bench(driver=SimulatedDriver(self.out, clock=utc_now), code=Path(), out=self.out, count=self.count)

    def properties(self, *, rate: int, **more: str) -> dict[str, Any]:
        job = {"count": str(self.count), "rate": str(rate), "out": str(self.out), **more}
        return {
            "PropertyGroups": [
                {"PropertyGroupId": RUN_OPTIONS_GROUP, "PropertyMap": {"python": "main.py", "pyFiles": "dep"}},
                {"PropertyGroupId": "job", "PropertyMap": job},
            ]
        }

    def create(self, *, rate: int = 100, rollback: bool = False) -> None:
        self.client.create_application(
            ApplicationName=self.name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=ROLE,
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "one.zip"}},
                },
                "EnvironmentProperties": self.properties(rate=rate),
                "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": rollback},
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "CheckpointingEnabled": True,
                        "CheckpointInterval": 300,
                        "MinPauseBetweenCheckpoints": 100,
                    },
                    "ParallelismConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "Parallelism": 1,
                        "ParallelismPerKPU": 1,
                        "AutoScalingEnabled": True,
                    },
                },
            },
        )

    def start(self, **run: Any) -> str:
        self.client.start_application(ApplicationName=self.name, **({"RunConfiguration": run} if run else {}))
        return self.settled()

    def stop(self) -> str:
        self.client.stop_application(ApplicationName=self.name)
        return self.settled()

    def update(self, **update: Any) -> str:
        """Update, once the job can take the snapshot for it: after a loss it restarts first."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self.client.update_application(
                    ApplicationName=self.name,
                    ConditionalToken=self.detail()["ConditionalToken"],
                    ApplicationConfigurationUpdate=update,
                )
            except self.client.exceptions.InvalidApplicationConfigurationException:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            else:
                return self.settled()

    def code(self, version: str) -> dict[str, Any]:
        return {
            "CodeContentUpdate": {"S3ContentLocationUpdate": {"FileKeyUpdate": f"{version}.zip"}},
        }

    def finish(self) -> None:
        """Let the job count to its end, and see that it counted exactly."""
        self.count_to_the_end()
        self.bench.assert_exact()

    def count_to_the_end(self) -> None:
        """Let the job count to its end, which makes the application READY."""
        self.update(EnvironmentPropertyUpdates=self.properties(rate=FAST))
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.detail()["ApplicationStatus"] != "READY":
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def wait_rows(self, number: int, version: str = "one") -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(self.bench.rows(version)) < number:
            assert time.monotonic() < deadline, self.detail()
            time.sleep(0.05)

    def detail(self) -> dict[str, Any]:
        return self.client.describe_application(ApplicationName=self.name)["ApplicationDetail"]

    def settled(self) -> str:
        return str(self.msf.wait_until_steady(self.name).status)

    def last_operation(self) -> dict[str, Any]:
        found = self.client.list_application_operations(ApplicationName=self.name)["ApplicationOperationInfoList"]
        answer = self.client.describe_application_operation(
            ApplicationName=self.name, OperationId=found[0]["OperationId"]
        )
        return answer["ApplicationOperationInfoDetails"] | {"Operation": found[0]["Operation"]}


@pytest.fixture
def app(msf: LocalMsf, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[App]:
    app = App(msf, f"app-{abs(hash(request.node.name)) % 10**8}", tmp_path / "out")
    yield app
    application = msf.wait_until_steady(app.name)
    if application.status == "RUNNING":
        app.client.stop_application(ApplicationName=app.name, Force=True)
        msf.wait_until_steady(app.name)
    app.client.delete_application(ApplicationName=app.name, CreateTimestamp=application.created_at)


def test_counts_survive_update_stop_start_and_scaling(app: App) -> None:
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


def test_a_rollback_goes_on_from_the_snapshot_that_the_update_took(app: App) -> None:
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


def test_a_failing_update_is_rolled_back_and_the_counts_go_on(app: App) -> None:
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


def test_state_that_does_not_fit_fails_the_start_and_is_left_out_on_request(app: App) -> None:
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


def test_counts_survive_the_loss_of_a_task_manager(app: App) -> None:
    app.create()
    app.start()
    app.wait_rows(50)
    app.msf.driver.kill_task_manager(app.msf.application(app.name).uid)
    app.wait_rows(len(app.bench.rows()) + 50)
    assert app.detail()["ApplicationStatus"] == "RUNNING"
    app.finish()


def test_evidence_and_health_of_a_job_are_read_from_a_real_flink(app: App) -> None:
    app.create()
    app.start()
    app.wait_rows(100)
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
        killed = App(LocalMsf(LocalMsfOptions(folder=folder)), "killed", tmp_path / "out", client_options(running))
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
        app = App(msf, "killed", tmp_path / "out")
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
