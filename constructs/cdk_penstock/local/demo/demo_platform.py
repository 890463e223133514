"""The platform of a demonstration: the local MSF with Kafka and Prometheus, and the applications on it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.clients import Clock
from cdk_penstock.local.broker.topics import TopicAccess
from cdk_penstock.local.errors import JobError
from cdk_penstock.local.flink.jobs import FlinkJob
from cdk_penstock.local.job_package import JAR_NAME, PACKAGES_NAME, unpack_package
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.stack import LocalStack, LocalStackOptions
from cdk_penstock.local.signals import defer_stop_signals
from cdk_penstock.model.keys import ApplicationStatus
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.broker.kafka import KafkaBroker
    from cdk_penstock.local.job_package import UnpackedPackage
    from cdk_penstock.local.progress import Progress
    from cdk_penstock.local.prometheus.server import Prometheus


T = TypeVar("T")
_BUCKET: Final = "code"
_PACKAGE: Final = "application.zip"
_POLL_SECONDS: Final = 0.2
_CHECKPOINT_INTERVAL_MS: Final = 5_000
_ROLE: Final = "arn:aws:iam::000000000000:role/demo"


@dataclass(frozen=True, kw_only=True)
class PlatformOptions:
    """Options of the platform.

    ``job_python`` is the interpreter of the job's environment. ``folder`` keeps configuration and logs after the end;
    without it they live in a temporary folder and go with it. Ports of 0 are free ports.
    """

    job_python: Path
    folder: Path | None = None
    msf_port: int = 0
    kafka_port: int = 0
    prometheus_port: int = 0


class DemoApplication:
    """An application on the local MSF: created and started by the calls that deploy one in AWS.

    Parameters
    ----------
    platform
        Where it runs.
    name
        Its name.
    """

    def __init__(self, platform: DemoPlatform, name: str) -> None:
        self._platform = platform
        self.name = name
        self._control = ApplicationControl(
            platform.client("kinesisanalyticsv2"), name, clock=Clock(sleep=lambda _: time.sleep(_POLL_SECONDS))
        )

    def create(self, program: str, properties: Mapping[str, Mapping[str, str]], *, parallelism: int) -> None:
        """Create it with the platform's package and property groups, and ask for its start."""
        groups = {**properties, RUN_OPTIONS_GROUP: self._platform.run_options(program)}
        parallel = {"Parallelism": parallelism, "ParallelismPerKPU": parallelism, "AutoScalingEnabled": False}
        checkpoints = {
            "CheckpointingEnabled": True,
            "CheckpointInterval": _CHECKPOINT_INTERVAL_MS,
            "MinPauseBetweenCheckpoints": _CHECKPOINT_INTERVAL_MS // 2,
        }
        location = {"BucketARN": f"arn:aws:s3:::{_BUCKET}", "FileKey": _PACKAGE}
        self._platform.client("kinesisanalyticsv2").create_application(
            ApplicationName=self.name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=_ROLE,
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContent": {"S3ContentLocation": location},
                    "CodeContentType": "ZIPFILE",
                },
                "EnvironmentProperties": {
                    "PropertyGroups": [
                        {"PropertyGroupId": group, "PropertyMap": dict(values)} for group, values in groups.items()
                    ]
                },
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {"ConfigurationType": "CUSTOM", **checkpoints},
                    "ParallelismConfiguration": {"ConfigurationType": "CUSTOM", **parallel},
                },
            },
        )
        self._control.start()

    def wait_running(self) -> FlinkJob:
        """Wait until it runs, with all tasks, and return its job.

        Raises
        ------
        JobError
            It did not start.
        """
        detail = self._control.wait_until_steady()
        if detail.status is not ApplicationStatus.RUNNING:
            reasons = [self._control.reason_of(each) for each in self._control.operations() if each.failed]
            raise JobError(
                f"application {self.name} is {detail.status} and not RUNNING: {'; '.join(reasons) or 'it ended'}"
            )
        address = self._platform.stack.msf.flink_url(self.name)
        client = JsonClient(address)
        jobs = [each["id"] for each in client.get("/jobs")["jobs"] if each["status"] != "CANCELED"]
        job = FlinkJob(client=client, job_id=jobs[-1], log_file=self._platform.folder / "applications")
        job.wait_running()
        return job

    def stop(self) -> None:
        """Stop it by force, since nothing of it is needed any more, and wait until it has stopped."""
        self._control.stop(force=True)
        self._control.wait_until_steady()

    def check_running(self) -> None:
        """Raise JobError unless it runs."""
        detail = self._control.describe()
        if detail.status is not ApplicationStatus.RUNNING:
            raise JobError(f"application {self.name} is {detail.status} and does not run any more")


class DemoPlatform(LocalService):
    """The local MSF, Kafka and Prometheus in one folder, as a context manager that leaves nothing behind but logs.

    Parameters
    ----------
    options
        What may be chosen.
    progress
        Learns how the start goes.
    """

    def __init__(self, options: PlatformOptions, *, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._cleanup = contextlib.ExitStack()
        self._run_options: dict[str, str] = {}

    def start(self) -> None:
        """Start the servers in an empty folder."""
        options = self._options
        with defer_stop_signals():
            if options.folder is None:
                self.folder = Path(tempfile.mkdtemp(prefix="penstock-"))
                self._cleanup.callback(shutil.rmtree, self.folder, ignore_errors=True)
            else:
                self.folder = options.folder.absolute()
        # Records and topics of an earlier run in the folder are not this one's.
        for name in ("records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "ports.json"):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("kafka/data", "prometheus/data", "applications", "buckets"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.stack = LocalStack(
            LocalStackOptions(
                msf=LocalMsfOptions(folder=self.folder, port=options.msf_port, job_python=options.job_python),
                kafka_port=options.kafka_port,
                prometheus_port=options.prometheus_port,
                keep_data=False,
            ),
            progress=self._progress,
        )
        self._cleanup.callback(self.stack.stop)
        self.stack.start()

    def wait_ready(self) -> None:
        """Wait until all of them answer."""
        self.stack.wait_ready()
        self.topics = TopicAccess(self.kafka.bootstrap_servers)

    @property
    def kafka(self) -> KafkaBroker:
        """The broker."""
        return _there(self.stack.kafka)

    @property
    def prometheus(self) -> Prometheus:
        """The receiver of samples."""
        return _there(self.stack.prometheus)

    def client(self, service: str) -> Any:
        """Return a client of AWS's SDK for the local MSF, or the S3 beside it."""
        return boto3.client(service, **self.stack.msf.client_options)

    def stop(self) -> None:
        """Stop everything, whatever its state."""
        with defer_stop_signals():
            self._cleanup.close()

    def upload(self, package: Path) -> UnpackedPackage:
        """Put a package where MSF takes code from, and return its content.

        Raises
        ------
        PackageError
            The package is missing or broken.
        """
        unpacked = unpack_package(package, self.folder / "package")
        self._run_options = {"jarfile": JAR_NAME} if unpacked.jar else {}
        if unpacked.packages:
            self._run_options["pyFiles"] = PACKAGES_NAME
        storage = self.client("s3")
        storage.create_bucket(Bucket=_BUCKET)
        with package.open("rb") as content:
            storage.put_object(Bucket=_BUCKET, Key=_PACKAGE, Body=content)
        return unpacked

    def run_options(self, program: str) -> dict[str, str]:
        """Return the property group that tells MSF what to run."""
        return {"python": program, **self._run_options}


def _there(server: T | None) -> T:
    if server is None:
        raise RuntimeError("the stack has been made without this server")
    return server
