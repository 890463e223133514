"""An account of AWS, as the environment variables of AWS's SDKs name it, in which the behaviours are tried."""

from __future__ import annotations

import io
import itertools
import os
import secrets
import time
import zipfile
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tests.local.service.msf_account import MsfAccount

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE, CODE = "PENSTOCK_AWS_ROLE_ARN", "PENSTOCK_AWS_CODE"
KEYS, LOG_STREAM, VPC = "PENSTOCK_AWS_KEY_ARNS", "PENSTOCK_AWS_LOG_STREAM_ARN", "PENSTOCK_AWS_SUBNET_AND_SECURITY_GROUP"
REQUIRED = (ROLE, CODE)
_RUN = secrets.token_hex(4)
POLL_SECONDS = "PENSTOCK_AWS_POLL_SECONDS"
_STEADY = {"READY", "RUNNING"}
_IN_PROGRESS = {"CREATING", "DELETING"}


class AwsAccount(MsfAccount):
    """An account of AWS; what a test makes in it is deleted by :meth:`clean_up`."""

    # An application starts within minutes; half an hour is enough for a rollback after a failed update.
    most_steps = 900

    def __init__(self, test: str) -> None:
        session = boto3.Session()
        retries = Config(retries={"mode": "standard", "total_max_attempts": 8})
        self.connect = partial(session.client, "kinesisanalyticsv2", config=retries)
        self.msf = self.connect()
        self._s3 = session.client("s3", config=retries)
        caller = session.client("sts").get_caller_identity()
        partition = caller["Arn"].split(":")[1]
        self.scope = f"arn:{partition}:kinesisanalytics:{session.region_name}:{caller['Account']}"
        self.role = os.environ[ROLE]
        self._bucket, _, self._key = os.environ[CODE].removeprefix("s3://").partition("/")
        self._bucket_arn = f"arn:{partition}:s3:::{self._bucket}"
        self.code = {"BucketARN": self._bucket_arn, "FileKey": self._key}
        self.name = f"penstock-{_RUN}-{test}"
        self._names = [self.name]
        self._objects: list[str] = []
        self._poll_seconds = float(os.environ.get(POLL_SECONDS, "2"))

    def another(self, word: str) -> str:
        """Return the name of another application."""
        name = super().another(word)
        self._names.append(name)
        return name

    def put_code(self, key: str, *, broken: bool = False) -> dict[str, str]:
        """Write code, and return its location."""
        key = f"{self.name}/{key}"
        self._objects.append(key)
        if broken:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=_jar_without_program())
        else:
            body = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return {"BucketARN": self._bucket_arn, "FileKey": key}

    def check_local_text(self, message: str, text: str) -> None:
        """Check nothing."""

    def step(self) -> bool:
        """Wait a moment if anything is in progress."""
        if not any(self._in_progress()):
            return False
        time.sleep(self._poll_seconds)
        return True

    def _in_progress(self) -> Iterator[bool]:
        for name in self._names:
            status = self._status(name)
            yield status is not None and status not in _STEADY
            if status in _STEADY:
                yield any(each["SnapshotStatus"] in _IN_PROGRESS for each in self.snapshots(name))
        yield any(each["SnapshotStatus"] in _IN_PROGRESS for each in self._enhanced_snapshots())

    def _status(self, name: str) -> str | None:
        """Return the status of an application, None if it does not exist."""
        with suppress(self.msf.exceptions.ResourceNotFoundException):
            return self.status(name)
        return None

    def _enhanced_snapshots(self) -> list[dict[str, Any]]:
        paginator = self.msf.get_paginator("list_snapshots")
        pages = itertools.chain.from_iterable(paginator.paginate(SourceApplicationName=name) for name in self._names)
        return [each for page in pages for each in page["SnapshotInfoList"]]

    def clean_up(self) -> None:
        """Delete what the test made."""
        for key in self._objects:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        self.settle()
        for name in filter(self._status, self._names):
            self.msf.delete_application(ApplicationName=name, CreateTimestamp=self.describe(name)["CreateTimestamp"])
        self.settle()
        for each in self._enhanced_snapshots():
            given = {name: each[name] for name in ("SnapshotName", "SnapshotCreationTimestamp")}
            self.msf.delete_snapshot(**given)
        self.settle()


def _jar_without_program() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return buffer.getvalue()
