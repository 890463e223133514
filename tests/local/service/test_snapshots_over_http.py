"""Snapshots of the account and presigned URLs with boto3, through the endpoint."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3

from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from tests.local.service.in_process_msf import BUCKET, CODE, ROLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def wait(answer: Callable[[], str], expected: str) -> None:
    """Wait until an answer is the expected one."""
    for _ in range(500):
        if answer() == expected:
            return
        time.sleep(0.02)
    message = f"expected {expected}, got {answer()}"
    raise AssertionError(message)


def test_a_snapshot_goes_to_s3_and_back_and_starts_another_application(tmp_path: Path) -> None:
    with LocalMsf(LocalMsfOptions(folder=tmp_path)) as local:
        local.wait_ready()
        flink: Any = boto3.client("kinesisanalyticsv2", **local.client_options)
        s3: Any = boto3.client("s3", **local.client_options)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="job.zip", Body=b"code")

        def start(name: str, **restore: str) -> None:
            flink.create_application(
                ApplicationName=name,
                RuntimeEnvironment="FLINK-1_20",
                ServiceExecutionRole=ROLE,
                ApplicationConfiguration={
                    "ApplicationCodeConfiguration": CODE,
                    "ApplicationSnapshotConfiguration": {
                        "SnapshotsEnabled": True,
                        "SnapshotMode": "ENHANCED_SNAPSHOTS",
                    },
                },
            )
            run = {"ApplicationRestoreConfiguration": restore} if restore else {}
            flink.start_application(ApplicationName=name, RunConfiguration=run)
            wait(lambda: flink.describe_application(ApplicationName=name)["ApplicationDetail"]["ApplicationStatus"],
                 "RUNNING")  # fmt: skip

        def ready(name: str) -> None:
            wait(lambda: flink.describe_snapshot(SnapshotName=name)["SnapshotInfoDetails"]["SnapshotStatus"], "READY")

        start("first")
        flink.create_snapshot(ApplicationName="first", SnapshotName="one")
        ready("one")
        place = {"BucketARN": f"arn:aws:s3:::{BUCKET}", "KeyPrefix": "backup/"}
        export = flink.export_snapshot(
            SnapshotName="one",
            ExportDestinationConfiguration={
                "DestinationType": "S3", "ExportRoleArn": ROLE, "DestinationS3PrefixLocation": place
            },
        )  # fmt: skip

        def exported() -> dict[str, Any]:
            answer = flink.describe_snapshot_operation(
                SnapshotName="one", SnapshotOperationId=export["SnapshotOperationId"]
            )
            return dict(answer["SnapshotOperationInfoDetails"])

        wait(lambda: str(exported()["SnapshotOperationStatus"]), "SUCCESSFUL")
        prefix = exported()["SnapshotDestinationLocationDescription"]["S3PrefixLocation"]["ExportedPrefix"]
        (stored,) = s3.list_objects_v2(Bucket=BUCKET, Prefix="backup/")["Contents"]
        assert stored["Key"] == f"{prefix}_metadata"
        imported = flink.import_snapshot(
            SnapshotName="two",
            ImportSourceConfiguration={
                "SourceType": "S3",
                "ImportRoleArn": ROLE,
                "SourceS3PrefixLocation": place | {"KeyPrefix": prefix},
            },
        )
        ready("two")
        start("second", ApplicationRestoreType="RESTORE_FROM_CUSTOM_SNAPSHOT", SnapshotArn=imported["SnapshotArn"])
        for each in flink.list_snapshots()["SnapshotInfoList"]:
            flink.delete_snapshot(
                SnapshotName=each["SnapshotName"], SnapshotCreationTimestamp=each["SnapshotCreationTimestamp"]
            )
        wait(lambda: str(flink.list_snapshots()["SnapshotInfoList"]), "[]")
        url = flink.create_application_presigned_url(ApplicationName="second", UrlType="FLINK_DASHBOARD_URL")
        page = url["AuthorizedUrl"].replace("?", "/jobs/overview?")
        with urllib.request.urlopen(page) as answered:
            assert json.load(answered)["jobs"]
