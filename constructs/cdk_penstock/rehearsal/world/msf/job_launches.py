"""The launch of a job in the world: the calls with its execution role, and what it does from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.simulated_flink.job_behaviour import HEALTHY, LOOPS
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.rehearsal.world.msf.launch_calls import job_calls_of_properties, log_calls, network_calls
from cdk_penstock.rehearsal.world.msf.passed_role import ExecutionRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour
    from cdk_penstock.local.service.store import Store
    from cdk_penstock.model.lifecycle.observed_job import Launch
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.rehearsal.timeline import Timeline
    from cdk_penstock.rehearsal.world.authority import Authority


class JobBehaviours:
    """The behaviours of jobs that an act has chosen; all others are healthy.

    Parameters
    ----------
    store, driver
        The applications, and their jobs.
    clock
        Returns the time.
    """

    def __init__(self, store: Store, driver: SimulatedDriver, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._driver = driver
        self._clock = clock
        self._of_code: dict[str, JobBehaviour] = {}
        self._of_all: dict[str, JobBehaviour] = {}

    def from_now_on(self, application_arn: str, behaviour: JobBehaviour) -> None:
        """Let the job of an application behave so, the one that runs and those that are launched later."""
        self._of_all[application_arn] = behaviour
        if self._store.has_application(application_arn):
            job = self._driver.jobs.get(self._store.application(application_arn).uid)
            if job is not None:
                job.behave(behaviour, since=self._clock())

    def with_code(self, file_key: str, behaviour: JobBehaviour) -> None:
        """Let each job that is launched with this code behave so, given the key of the object in S3."""
        self._of_code[file_key] = behaviour

    def loop(self, file_keys: Iterable[str]) -> None:
        """Let each job that is launched with one of these objects of S3 fail again and again."""
        for each in file_keys:
            self.with_code(each, LOOPS)

    def of(self, application: Application) -> JobBehaviour:
        """Return the behaviour of an application's next job."""
        by_code = self._of_code.get(file_key_of(application))
        return by_code or self._of_all.get(application.arn, HEALTHY)


def file_key_of(application: Application) -> str:
    """Return the key of an application's code in S3, empty if it is not from there."""
    code = application.settings.configuration["ApplicationCodeConfigurationDescription"]
    content = code.get("CodeContentDescription", {}).get("S3ApplicationCodeLocationDescription", {})
    return str(content.get("FileKey", ""))


class JobLaunches:
    """Plays the launches of a simulated driver.

    Parameters
    ----------
    authority, timeline
        Decide, and record.
    store
        The applications.
    behaviours
        The behaviours of their jobs.
    """

    def __init__(self, authority: Authority, timeline: Timeline, store: Store, behaviours: JobBehaviours) -> None:
        self._authority = authority
        self._timeline = timeline
        self._store = store
        self._behaviours = behaviours

    def behaviour_of(self, uid: str, _launch: Launch) -> JobBehaviour:
        """Return the behaviour of a job."""
        return self._behaviours.of(self._application(uid))

    def on_launch(self, uid: str, job: SimulatedJob) -> None:
        """Make the calls of a launch; the job fails if MSF is not allowed one that it cannot do without."""
        application = self._application(uid)
        role = ExecutionRole(self._authority, application.settings.role_arn, application.arn)
        problem = self._problem(application, role)
        if problem:
            job.state, job.error = JobState.FAILED, problem
            return
        for call in log_calls(application):
            if not role.ask(call).allowed:
                self._timeline.note(f"{application.name} runs without its log: {call.action} is denied to its role")
        if job.state is JobState.RUNNING:
            for call in job_calls_of_properties(application):
                role.ask_for_job(call)

    def _problem(self, application: Application, role: ExecutionRole) -> str:
        if not role.assume().allowed:
            return f"MSF cannot assume the execution role {application.settings.role_arn} of the application"
        # All of them are asked for, so that one play names everything that is missing.
        decided = [(call, role.ask(call)) for call in network_calls(application)]
        denied = next((call for call, decision in decided if not decision.allowed), None)
        if denied is None:
            return ""
        return (
            f"the execution role {application.settings.role_arn} is not authorized to perform: {denied.action} on"
            f" resource: {denied.resource}, which an application in a VPC needs"
        )

    def _application(self, uid: str) -> Application:
        return next(each for each in self._store.active_applications() if each.uid == uid)
