"""An application of the local MSF over Flink, whose job counts loses and repeats nothing; called with boto3."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from cdk_penstock.local.service.faults import Faults
from cdk_penstock.local.service.identity import utc_now
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from tests.local.service.flink_jobs import TIMEOUT_SECONDS, Bench

if TYPE_CHECKING:
    from cdk_penstock.local.service.local_msf import LocalMsf

ROLE = "arn:aws:iam::000000000000:role/job"
FAST = 100_000


@dataclass
class CountingApp:
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

    def fault(self, **faults: Any) -> None:
        """Have these faults instead of those before."""
        self.msf.msf.faults[self.msf.application(self.name).uid] = Faults(**faults)

    def kill_task_manager(self) -> None:
        """Kill a worker of the job."""
        self.msf.driver.kill_task_manager(self.msf.application(self.name).uid)
