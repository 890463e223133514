"""``penstock snapshot`` with boto3, through the endpoint of the local MSF, in both modes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.snapshot import snapshot_app
from cdk_penstock.control.clients import Clock
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from tests.local.service.in_process_msf import BUCKET, CODE, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEEP_ONE = ["--newest", "1", "--daily-for-days", "0", "--rollback-versions", "1"]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMsf]:
    """Return a local MSF that the environment variables of AWS name, and commands that wait shortly."""
    with LocalMsf(LocalMsfOptions(folder=tmp_path)) as local:
        local.wait_ready()
        options = local.client_options
        monkeypatch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", options["aws_access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", options["aws_secret_access_key"])
        monkeypatch.setattr(aws_session.aws_access, "clock", Clock(sleep=lambda _seconds: time.sleep(0.02)))
        yield local


def command(local: LocalMsf, *arguments: str) -> Any:
    common = ["--application", "clicks", "--region", local.client_options["region_name"], "--json"]
    result = CliRunner().invoke(snapshot_app, [*arguments, *common], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("mode", ["APPLICATION_SNAPSHOTS_LEGACY", "ENHANCED_SNAPSHOTS"])
def test_snapshots_are_taken_listed_and_pruned(local: LocalMsf, mode: str) -> None:
    flink: Any = boto3.client("kinesisanalyticsv2", **local.client_options)
    s3: Any = boto3.client("s3", **local.client_options)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="job.zip", Body=b"code")
    flink.create_application(
        ApplicationName="clicks",
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole=ROLE,
        ApplicationConfiguration={
            "ApplicationCodeConfiguration": CODE,
            "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True, "SnapshotMode": mode},
        },
    )
    flink.start_application(ApplicationName="clicks")
    assert local.wait_until_steady("clicks").status == "RUNNING"
    for name in ("first", "second", "third"):
        assert command(local, "create", "--name", name)["snapshot"]["status"] == "READY"
    listed = command(local, "list", *KEEP_ONE)["snapshots"]
    assert [each["name"] for each in listed if not each["keptBy"]] == ["second", "first"]
    pruned = command(local, "prune", *KEEP_ONE, "--apply")
    assert (pruned["result"], pruned["deleted"]) == ("done", ["first", "second"])
    for _ in range(500):
        left = [each["name"] for each in command(local, "list")["snapshots"]]
        if left == ["third"]:
            return
        time.sleep(0.02)
    raise AssertionError(left)
