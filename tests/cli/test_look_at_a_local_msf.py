"""``penstock app`` on a local MSF, over HTTP and with boto3's own sessions; its jobs are simulated."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import boto3
import pytest
from typer.testing import CliRunner

from cdk_penstock.cli.app import app
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = "looked-at"


@pytest.fixture(scope="module")
def msf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMsf]:
    """Return a local MSF with an application that runs in its second version."""
    folder = tmp_path_factory.mktemp("msf")
    (folder / "buckets" / "code").mkdir(parents=True)
    (folder / "buckets" / "code" / "job.zip").write_bytes(b"a zip")
    content = {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}}
    code = {"CodeContentType": "ZIPFILE", "CodeContent": content}
    with LocalMsf(LocalMsfOptions(folder=folder)) as msf:
        client = boto3.client("kinesisanalyticsv2", **msf.client_options)
        client.create_application(
            ApplicationName=APPLICATION,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole="arn:aws:iam::000000000000:role/job",
            ApplicationConfiguration={"ApplicationCodeConfiguration": code},
        )
        groups = [{"PropertyGroupId": "job", "PropertyMap": {"speed": "5"}}]
        client.update_application(
            ApplicationName=APPLICATION,
            CurrentApplicationVersionId=1,
            ApplicationConfigurationUpdate={"EnvironmentPropertyUpdates": {"PropertyGroups": groups}},
        )
        client.start_application(ApplicationName=APPLICATION)
        msf.wait_until_steady(APPLICATION)
        yield msf


@pytest.fixture(autouse=True)
def leading_to_it(msf: LocalMsf, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in msf.environment.items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["app", *arguments, "--application", APPLICATION], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_status_operations_and_versions(msf: LocalMsf) -> None:
    status = json.loads(run("status", "--watch", "--json"))
    assert (status["status"], status["versionId"], status["snapshots"]["count"]) == ("RUNNING", 2, 0)
    assert status["pendingRestart"] is None
    operations = json.loads(run("operations", "--json"))
    assert [each["operation"] for each in operations] == ["StartApplication", "UpdateApplication"]
    assert "property job speed\n      1  -\n      2  5\n" in run("versions", "1", "2")
    assert json.loads(run("versions", "--json"))[0]["madeBy"] == "UpdateApplication"


def test_the_url_of_the_dashboard_leads_to_the_service(msf: LocalMsf) -> None:
    url = json.loads(run("dashboard", "--json"))["url"]
    assert url.startswith(msf.url)
    with urllib.request.urlopen(url.replace("?", "/jobs/overview?")) as answered:
        assert len(json.load(answered)["jobs"]) == 1


def test_a_capture_has_what_flink_says_and_names_what_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "ticket"
    captured = json.loads(run("capture", "--output", str(folder), "--json"))
    assert {"application", "failed-operations", "flink/jobs", "operations", "snapshots", "versions"} <= set(
        captured["documents"]
    )
    assert captured["unread"]["log"] == "the application has no CloudWatch logging option"
    assert "- status: RUNNING" in (folder / "summary.md").read_text()
