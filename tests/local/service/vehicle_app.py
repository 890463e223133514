"""The vehicle job on the local MSF, with events that a test sends to each partition."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import boto3
from confluent_kafka import Producer

from cdk_penstock.local.broker.topics import QUIET_CLIENT
from cdk_penstock.local.job_package import JAR_NAME, PACKAGES_NAME
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from vehicle_metrics_scenario.scenario import job_properties

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.local.pipeline import LocalPipeline
    from cdk_penstock.local.service.local_msf import LocalMsf

PARTITIONS: Final = 4
_ROLE: Final = "arn:aws:iam::000000000000:role/job"
_BUCKET: Final = "code"
_EVENTS_A_TIME: Final = 10


@dataclass
class VehicleApp:
    """The application of one test, on topics of that name."""

    msf: LocalMsf
    pipeline: LocalPipeline
    name: str
    remote_write_url: str
    live: set[int] = field(default_factory=lambda: set(range(PARTITIONS)))

    def __post_init__(self) -> None:
        self.client = boto3.client("kinesisanalyticsv2", **self.msf.client_options)
        self._producer = Producer({"bootstrap.servers": self.pipeline.kafka.bootstrap_servers, **QUIET_CLIENT})

    def start(self, package: Path, *, attempts: int = 100) -> None:
        """Create and start it; no partition is ever idle."""
        self.pipeline.topics.create(self.name, partitions=PARTITIONS)
        self.pipeline.topics.create(f"{self.name}-letters", partitions=1)
        storage = boto3.client("s3", **self.msf.client_options)
        with package.open("rb") as content:
            storage.put_object(Bucket=_BUCKET, Key=f"{self.name}.zip", Body=content)
        groups = job_properties(
            bootstrap_servers=self.pipeline.kafka.bootstrap_servers,
            remote_write_url=self.remote_write_url,
            events_topic=self.name,
            dead_letters_topic=f"{self.name}-letters",
            consumer_group=self.name,
        )
        groups["output.prometheus"]["retry.max.attempts"] = str(attempts)
        groups["job"] = {"window.seconds": "1"}
        groups[RUN_OPTIONS_GROUP] = {"python": "main.py", "jarfile": JAR_NAME, "pyFiles": PACKAGES_NAME}
        self.client.create_application(
            ApplicationName=self.name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=_ROLE,
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {
                        "S3ContentLocation": {"BucketARN": f"arn:aws:s3:::{_BUCKET}", "FileKey": f"{self.name}.zip"}
                    },
                },
                "EnvironmentProperties": {
                    "PropertyGroups": [
                        {"PropertyGroupId": group, "PropertyMap": values} for group, values in groups.items()
                    ]
                },
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "CheckpointingEnabled": True,
                        "CheckpointInterval": 2_000,
                        "MinPauseBetweenCheckpoints": 500,
                    },
                    "ParallelismConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "Parallelism": 2,
                        "ParallelismPerKPU": 2,
                        "AutoScalingEnabled": False,
                    },
                },
            },
        )
        self.client.start_application(ApplicationName=self.name)
        assert self.msf.wait_until_steady(self.name).status == "RUNNING"

    def flink_url(self) -> str:
        """Return the address of its Flink."""
        return self.msf.flink_url(self.name)

    def send_events(self) -> None:
        """Send some events of now to each partition that is not silent."""
        for partition in self.live:
            for number in range(_EVENTS_A_TIME):
                vehicle = f"V{number:010d}"
                event = {
                    "eventType": "IC_RPM",
                    "vehicleId": vehicle,
                    "region": f"{self.name}-0",
                    "timestamp": int(time.time() * 1000),
                    "measurement": 800,
                }
                self._producer.produce(
                    self.name, partition=partition, key=vehicle.encode(), value=json.dumps(event).encode()
                )
        self._producer.flush(10)

    def delete(self) -> None:
        """Stop and delete it."""
        application = self.msf.wait_until_steady(self.name)
        if application.status == "RUNNING":
            self.client.stop_application(ApplicationName=self.name, Force=True)
            self.msf.wait_until_steady(self.name)
        self.client.delete_application(ApplicationName=self.name, CreateTimestamp=application.created_at)
