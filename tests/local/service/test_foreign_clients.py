"""The AWS CLI and the SDK for JavaScript, each with its own model of the service, use the endpoint as they use AWS."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.build

ROOT = Path(__file__).resolve().parents[3]
AWS = ROOT / ".venv-clients" / "bin" / "aws"
SCRIPT = Path(__file__).with_name("foreign_client.mjs")
TIMEOUT_SECONDS = 60
LIFE = [
    ["create", "READY", 1],
    ["start", "RUNNING", 1],
    ["update", "RUNNING", 2],
    ["snapshot", "READY", 2],
    ["roll back", "RUNNING", 3],
    ["stop", "READY", 3],
    ["gone", "ResourceNotFoundException", 400],
]
"""Each step of an application's life, the status that it leads to, and the version id."""


@pytest.fixture(scope="module")
def msf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMsf]:
    with LocalMsf(LocalMsfOptions(folder=tmp_path_factory.mktemp("msf"))) as running:
        s3 = boto3.client("s3", **running.client_options)
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="job.zip", Body=b"a zip")
        yield running


@pytest.fixture
def run(msf: LocalMsf, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a program with the endpoint's variables, and with no other configuration of AWS."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", **msf.environment}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )

    return run


class AwsCli:
    """The AWS CLI, with an application's life as it shows it."""

    def __init__(self, run: Callable[..., subprocess.CompletedProcess[str]], msf: LocalMsf, name: str) -> None:
        self._run = run
        self._name = name
        self._watching = boto3.client("kinesisanalyticsv2", **msf.client_options)
        self.life: list[list[Any]] = []

    def attempt(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self._run(AWS, *arguments, "--output", "json")

    def call(self, operation: str, **parameters: Any) -> subprocess.CompletedProcess[str]:
        """Call an operation on the application."""
        words = ["kinesisanalyticsv2", operation, "--application-name", self._name]
        for name, value in parameters.items():
            words += [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
        return self.attempt(*words)

    def answer(self, operation: str, **parameters: Any) -> Any:
        """Return the answer of an operation; raise AssertionError if it is refused."""
        done = self.call(operation, **parameters)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else {}

    def step(self, title: str, operation: str, **parameters: Any) -> None:
        """Call an operation, and wait for the status that it leads to; boto3 asks for that, in less time."""
        self.answer(operation, **parameters)
        self.wait(lambda: self._detail["ApplicationStatus"] in {"READY", "RUNNING"})
        self.life.append([title, self._detail["ApplicationStatus"], self._detail["ApplicationVersionId"]])

    @property
    def _detail(self) -> Any:
        return self._watching.describe_application(ApplicationName=self._name)["ApplicationDetail"]

    def wait_for_snapshots(self) -> None:
        self.wait(
            lambda: all(
                each["SnapshotStatus"] == "READY"
                for each in self._watching.list_application_snapshots(ApplicationName=self._name)["SnapshotSummaries"]
            )
        )

    def wait_for_the_end(self) -> None:
        self.wait(lambda: not self._watching.list_applications()["ApplicationSummaries"])

    @staticmethod
    def wait(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def job_properties(speed: str) -> dict[str, Any]:
    return {"PropertyGroups": [{"PropertyGroupId": "job", "PropertyMap": {"speed": speed}}]}


def test_the_aws_cli_leads_an_application_through_its_life(
    msf: LocalMsf, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    cli = AwsCli(run, msf, "by-the-cli")
    (tmp_path / "own.zip").write_bytes(b"a zip" * (2 << 20))  # so large that the CLI uploads it in parts
    copied = cli.attempt("s3", "cp", tmp_path / "own.zip", "s3://code/own.zip")
    assert copied.returncode == 0, copied.stderr
    location = {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "own.zip"}}
    configuration = {
        "ApplicationCodeConfiguration": {"CodeContentType": "ZIPFILE", "CodeContent": location},
        "EnvironmentProperties": job_properties("1"),
    }
    cli.step(
        "create",
        "create-application",
        runtime_environment="FLINK-1_20",
        service_execution_role="arn:aws:iam::000000000000:role/job",
        application_configuration=configuration,
    )
    cli.step("start", "start-application")
    update = {"EnvironmentPropertyUpdates": job_properties("2")}
    cli.step("update", "update-application", current_application_version_id=1, application_configuration_update=update)
    cli.answer("create-application-snapshot", snapshot_name="before")
    cli.wait_for_snapshots()
    saved = cli.answer("describe-application-snapshot", snapshot_name="before")["SnapshotDetails"]
    cli.life.append(["snapshot", saved["SnapshotStatus"], saved["ApplicationVersionId"]])
    cli.step("roll back", "rollback-application", current_application_version_id=2)
    cli.step("stop", "stop-application")
    detail = cli.answer("describe-application")["ApplicationDetail"]
    found = detail["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"]
    assert found == {"PropertyGroupDescriptions": job_properties("1")["PropertyGroups"]}
    cli.answer("delete-application", create_timestamp=str(detail["CreateTimestamp"]))
    cli.wait_for_the_end()
    assert cli.life == LIFE[:-1]
    gone = cli.call("describe-application")
    assert gone.returncode != 0
    assert "An error occurred (ResourceNotFoundException) when calling the DescribeApplication" in gone.stderr


def test_the_sdk_for_javascript_leads_an_application_through_its_life(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run("node", SCRIPT, "by-javascript", "arn:aws:s3:::code", "job.zip")
    assert done.returncode == 0, done.stderr
    life = [json.loads(line) for line in done.stdout.splitlines()]
    assert life == LIFE


def test_the_aws_cli_shows_why_a_value_is_refused(
    msf: LocalMsf, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    refused = AwsCli(run, msf, "a").attempt("kinesisanalyticsv2", "list-applications", "--limit", "51")
    assert refused.returncode != 0
    assert "(InvalidArgumentException) when calling the ListApplications operation" in refused.stderr
    assert "50" in refused.stderr


def test_the_clients_act_as_the_user_of_the_endpoint(
    msf: LocalMsf, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run(AWS, "sts", "get-caller-identity", "--output", "json")
    assert done.returncode == 0, done.stderr
    found = boto3.client("sts", **msf.client_options).get_caller_identity()
    assert json.loads(done.stdout) == {name: found[name] for name in ("UserId", "Account", "Arn")}
