"""Jobs of the world on Flink, with Kafka and Prometheus of this machine in place of MSK and of AMP workspaces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.flink.flink_driver import FlinkDriver
from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.msf.local_servers import LocalServers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour
    from cdk_penstock.model.lifecycle.observed_job import Launch
    from cdk_penstock.rehearsal.world.msf.job_launches import JobLaunches
    from cdk_penstock.rehearsal.world.world import World

_SESSION: Final = timedelta(hours=12)
_TOPIC: Final = "AWS::MSK::Topic"


@dataclass(frozen=True, kw_only=True)
class FlinkOfPlay:
    """The Flink that runs the jobs of a play.

    Parameters
    ----------
    python
        The interpreter of an environment with ``apache-flink``.
    kafka, prometheus
        True to start these servers for the jobs.
    """

    python: Path
    kafka: bool
    prometheus: bool


class FlinkJobs(FlinkDriver):
    """Jobs on Flink whose launches are played; a :class:`PlayedJobs`.

    A job has the credentials of its execution role at the gateway, which answers the AWS calls that it makes. Of the
    behaviours, it has only that of a loop: its TaskManager is killed each time that the job runs.

    Parameters
    ----------
    folder
        Where the applications' files and the data of the servers go.
    world
        The world.
    flink
        The Flink.
    """

    def __init__(self, folder: Path, world: World, flink: FlinkOfPlay) -> None:
        super().__init__(folder / "flink", python=flink.python, environment_of=self._environment_of)
        self._world = world
        self._servers = LocalServers(folder / "servers", kafka=flink.kafka, prometheus=flink.prometheus)
        self._launches: JobLaunches
        self._begun: dict[str, Launch] = {}
        self._refused: dict[str, str] = {}
        self._looping: dict[str, bool] = {}
        self._killed: set[tuple[str, int]] = set()

    def play(self, launches: JobLaunches) -> None:
        """Let the launches be played so."""
        self._launches = launches

    def behave(self, application: str, behaviour: JobBehaviour) -> None:
        """Let the job of an application behave so from now on, if there is one."""
        self._looping[application] = behaviour.loops

    def start(self) -> None:
        """Start the servers, and wait until they answer."""
        self._servers.start()

    def close(self) -> None:
        """End everything that runs, and wait for it."""
        try:
            super().close()
        finally:
            self._servers.stop()

    def launch(self, application: str, launch: Launch) -> None:
        """Begin to launch a job on this machine's servers, unless MSF may not make a call that it needs."""
        begun = self._begun.get(application)
        if begun is None or begun.launch_id != launch.launch_id:
            begun = self._begun[application] = self._begin(application, launch)
        if not self._refused[application]:
            super().launch(application, begun)

    def _begin(self, application: str, launch: Launch) -> Launch:
        self._refused[application] = self._launches.problem_of(application)
        if self._refused[application]:
            self.cancel(application)
            return launch
        self._launches.begin_job(application)
        self._looping[application] = self._launches.behaviour_of(application).loops
        partitions = {
            str(each.properties.get("TopicName")): int(each.properties.get("PartitionCount", 1))
            for each in self._world.records.of(_TOPIC)
        }
        return replace(launch, property_groups=self._servers.serve(launch.property_groups, partitions))

    def observe(self, application: str) -> JobObservation:
        """Return what was last seen of the job, and kill a TaskManager of one that is to fail again and again."""
        seen = super().observe(application)
        begun = self._begun.get(application)
        if begun is not None and self._refused[application]:
            return JobObservation(
                state=JobState.FAILED, launch_id=begun.launch_id, error=self._refused[application], saved=seen.saved
            )
        times = seen.launch_id, seen.restarts
        if self._looping.get(application) and seen.state is JobState.RUNNING and times not in self._killed:
            self._killed.add(times)
            self.kill_task_manager(application)
        return seen

    def _environment_of(self, application: str) -> Mapping[str, str]:
        """Return the variables that lead the job's AWS calls to the gateway, in place of those of this process."""
        role_arn = self._launches.role_arn_of(application)
        credentials = self._world.gateway.credentials_for(
            role_arn, made_by=MadeBy.JOB, session_name=f"job-{application[:32]}", lifetime=_SESSION
        )
        return {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_ENDPOINT_URL": self._world.gateway.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
