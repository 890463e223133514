"""Simulated jobs in the world, which need no Java."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.model.lifecycle.observed_job import JobState

if TYPE_CHECKING:
    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour
    from cdk_penstock.rehearsal.world.msf.job_launches import JobLaunches


class SimulatedJobs(SimulatedDriver):
    """Simulated jobs whose launches are played; a :class:`PlayedJobs`."""

    def play(self, launches: JobLaunches) -> None:
        """Let the launches be played so."""

        def launch(uid: str, job: SimulatedJob) -> None:
            problem = launches.problem_of(uid)
            if problem:
                job.state, job.error = JobState.FAILED, problem
            elif job.state is JobState.RUNNING:
                launches.begin_job(uid)

        self.behaviour_of = lambda uid, _launch: launches.behaviour_of(uid)
        self.on_launch = launch

    def behave(self, application: str, behaviour: JobBehaviour) -> None:
        """Let the job of an application behave so from now on, if there is one."""
        job = self.jobs.get(application)
        if job is not None:
            job.behave(behaviour, since=self._clock())

    def start(self) -> None:
        """Start nothing: there are no processes."""
