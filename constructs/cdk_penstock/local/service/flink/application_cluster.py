"""The Flink cluster of one application, kept across its versions."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError
from cdk_penstock.local.flink.cluster import FlinkCluster
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.job_package import PROPERTIES_VARIABLE
from cdk_penstock.model.lifecycle.flink_answers import task_managers_needed
from cdk_penstock.model.runtimes import FlinkRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.flink.settings import FlinkOptions
    from cdk_penstock.local.service.flink.places import ApplicationPlaces
    from cdk_penstock.model.lifecycle.observed_job import Launch


# Neither the cluster's death nor a cancelled job deletes checkpoints: the driver does, when nothing can need them.
RETENTION = {"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION"}
# One arena for each core and thread would keep memory that is free.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}


@functools.cache
def _installed_version(python: Path) -> str:
    return find_flink(python).version


@dataclass(frozen=True, kw_only=True)
class ClusterChoices:
    """Choices that hold for the clusters of all applications; see :class:`FlinkDriver`."""

    python: Path
    options: FlinkOptions
    fresh_cluster_per_version: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


class ApplicationCluster:
    """The cluster of one application; used by one thread only.

    Parameters
    ----------
    places
        The folders of the application.
    choices
        The choices for all clusters.
    """

    def __init__(self, places: ApplicationPlaces, choices: ClusterChoices) -> None:
        self._places = places
        self._choices = choices
        self._cluster: FlinkCluster | None = None
        self._task_managers = 0

    @property
    def running(self) -> FlinkCluster | None:
        """The cluster if its JobManager runs, else None."""
        cluster = self._cluster
        return cluster if cluster is not None and cluster.job_manager_alive else None

    def fit(self, launch: Launch) -> FlinkCluster:
        """Return a cluster for a launch, without waiting for its processes: the present one if it can be kept.

        Raises
        ------
        JobError
            The runtime is another one than that of the environment with Flink.
        PenstockError
            The runtime is none, or something that the cluster needs is missing.
        """
        self._require_runtime(launch.runtime)
        self._task_managers = task_managers_needed(launch.parallelism, launch.parallelism_per_kpu)
        cluster = self.running
        # Slots are a setting of the process, so that other ones need other processes.
        other_slots = cluster is not None and cluster.options.slots != launch.parallelism_per_kpu
        if cluster is None or other_slots or self._choices.fresh_cluster_per_version:
            return self._start(launch.parallelism_per_kpu)
        cluster.resize(self._task_managers)
        return cluster

    def _require_runtime(self, runtime: str) -> None:
        version, wanted = _installed_version(self._choices.python), FlinkRuntime.of(runtime).minor_version
        if not version.startswith(f"{wanted}."):
            raise JobError(
                f"runtime {runtime} needs Flink {wanted}, but {self._choices.python} has {version}: pass the python of "
                f"an environment with apache-flink {wanted}"
            )

    def _start(self, slots: int) -> FlinkCluster:
        self.stop()
        options = self._choices.options
        settings = {"execution.checkpointing.dir": f"file://{self._places.checkpoints}"} | RETENTION
        self._places.checkpoints.mkdir(parents=True, exist_ok=True)
        self._cluster = FlinkCluster(
            self._places.cluster,
            python=self._choices.python,
            options=replace(
                options, task_managers=self._task_managers, slots=slots, checkpoint_interval_seconds=None,
                extra={**settings, **(options.extra or {})},
            ),
            environment={PROPERTIES_VARIABLE: str(self._places.properties), **ENVIRONMENT, **self._choices.environment},
        )  # fmt: skip
        self._cluster.start()
        return self._cluster

    def replace_lost_task_managers(self) -> None:
        """Start a TaskManager for each that has ended, as MSF does."""
        if self.running is not None:
            self.running.resize(self._task_managers)

    def kill_task_manager(self) -> None:
        """Kill the oldest TaskManager, if there is one, and start another one."""
        if self.running is not None and self._task_managers:
            self.running.kill_task_manager()
            self.running.resize(self._task_managers)

    def stop(self) -> None:
        """End all processes of the cluster; savepoints and checkpoints stay."""
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None
