"""The behaviours with --against-aws, where AWS is an endpoint on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.msf import MsfOptions
from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.build
ROOT = Path(__file__).resolve().parents[3]
BEHAVIOURS = "tests/local/service/behaviours"
PROGRAM = "Job.class"


def fail_without_program(_: str, job: SimulatedJob) -> None:
    """Let a job fail whose package has no program."""
    with zipfile.ZipFile(job.launch.code) as package:
        if PROGRAM not in package.namelist():
            job.state, job.error = JobState.FAILED, "no program"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMsf]:
    """Return an endpoint whose statuses last long enough to be seen, with a package in its bucket."""
    folder = tmp_path_factory.mktemp("aws")
    driver = SimulatedDriver(folder / "jobs", clock=lambda: datetime.now(UTC))
    driver.on_launch = fail_without_program
    service = MsfOptions(transition_seconds=0.3, switches=Switches(loop_watch_seconds=0.1))
    options = LocalMsfOptions(folder=folder, account="111122223333", service=service)
    with LocalMsf(options, driver=driver) as msf:
        msf.objects.create_bucket("code")
        with msf.objects.upload("code", "job.jar") as file, zipfile.ZipFile(file, "w") as package:
            package.writestr(PROGRAM, b"")
        yield msf


def run(aws: LocalMsf, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the behaviours in AWS, and return the exit status with the output."""
    settings = {
        "PENSTOCK_AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/job",
        "PENSTOCK_AWS_CODE": "s3://code/job.jar",
        "PENSTOCK_AWS_POLL_SECONDS": "0.02",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--against-aws", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **aws.environment, **settings},
    )
    return done.returncode, done.stdout + done.stderr


def test_behaviours_are_tried_in_the_account_and_leave_nothing_there(aws: LocalMsf) -> None:
    behaviours = (
        "test_behaviours_of_updates.py::test_code_is_copied_when_a_version_is_made",
        "test_behaviours_of_rollbacks.py::test_an_update_that_fails_is_rolled_back_if_enabled",
        "test_behaviours_of_enhanced_snapshots.py::test_a_snapshot_survives_its_application_and_starts_another_one",
        "test_behaviours_of_the_protocol.py::test_a_signature_that_is_wrong_is_refused",
    )
    status, output = run(aws, *(f"{BEHAVIOURS}/{each}" for each in behaviours))
    assert status == 0, output
    assert "4 passed" in output
    msf = boto3.client("kinesisanalyticsv2", **aws.client_options)
    assert msf.list_applications()["ApplicationSummaries"] == []
    assert msf.list_snapshots()["SnapshotInfoList"] == []
    (left,) = boto3.client("s3", **aws.client_options).list_objects_v2(Bucket="code")["Contents"]
    assert left["Key"] == "job.jar"


def test_what_aws_does_not_offer_is_left_out_with_the_reason(aws: LocalMsf) -> None:
    status, output = run(aws, "--collect-only", BEHAVIOURS)
    assert status == 0, output
    assert "test_a_start_passes_starting_only_and_keeps_the_version" in output
    assert "test_scaling_doubles_and_halves_the_parallelism_and_keeps_version_and_state" not in output
    assert "test_a_key_takes_effect_with_the_next_start" not in output
    assert "deselected: the behaviours that need a fault" in output
    assert "PENSTOCK_AWS_KEY_ARNS" in output


def test_a_missing_role_is_told(aws: LocalMsf) -> None:
    status, output = run(aws, "--collect-only", BEHAVIOURS, PENSTOCK_AWS_ROLE_ARN="")
    assert status != 0
    assert "PENSTOCK_AWS_ROLE_ARN" in output
