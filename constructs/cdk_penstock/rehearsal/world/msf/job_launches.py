"""The launch of a job in the world: the calls with its execution role, and what it does from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cdk_penstock.local.service.driver import JobDriver
from cdk_penstock.local.service.simulated_flink.job_behaviour import HEALTHY, LOOPS
from cdk_penstock.rehearsal.world.msf.launch_calls import job_calls_of_properties, log_calls, network_calls
from cdk_penstock.rehearsal.world.msf.passed_role import ExecutionRole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour
    from cdk_penstock.local.service.store import Store
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.rehearsal.timeline import Timeline
    from cdk_penstock.rehearsal.world.authority import Authority


class PlayedJobs(JobDriver, Protocol):
    """A driver whose jobs behave as an act wants it."""

    def play(self, launches: JobLaunches) -> None:
        """Let the launches be played so."""

    def behave(self, application: str, behaviour: JobBehaviour) -> None:
        """Let the job of an application behave so from now on, if there is one."""

    def start(self) -> None:
        """Start what the jobs need; raise LocalPipelineError for a program that is missing."""


class JobBehaviours:
    """The behaviours of jobs that an act has chosen; all others are healthy.

    Parameters
    ----------
    store, jobs
        The applications, and their jobs.
    """

    def __init__(self, store: Store, jobs: PlayedJobs) -> None:
        self._store = store
        self._jobs = jobs
        self._of_code: dict[str, JobBehaviour] = {}
        self._of_all: dict[str, JobBehaviour] = {}

    def from_now_on(self, application_arn: str, behaviour: JobBehaviour) -> None:
        """Let the job of an application behave so, the one that runs and those that are launched later."""
        self._of_all[application_arn] = behaviour
        if self._store.has_application(application_arn):
            self._jobs.behave(self._store.application(application_arn).uid, behaviour)

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
    """The launches of jobs: who makes which call, and how the job behaves.

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

    def behaviour_of(self, uid: str) -> JobBehaviour:
        """Return the behaviour of a job that is launched now."""
        return self._behaviours.of(self._application(uid))

    def role_arn_of(self, uid: str) -> str:
        """Return the execution role of a job that is launched now."""
        return self._application(uid).settings.role_arn

    def problem_of(self, uid: str) -> str:
        """Make MSF's calls of a launch; return the one that it cannot do without and may not make, else nothing."""
        application = self._application(uid)
        role = self._role(application)
        problem = self._problem(application, role)
        if not problem:
            for call in log_calls(application):
                if not role.ask(call).allowed:
                    self._timeline.note(f"{application.name} runs without its log: {call.action} is denied to its role")
        return problem

    def begin_job(self, uid: str) -> None:
        """Make the calls of the job that are known before it runs."""
        application = self._application(uid)
        role = self._role(application)
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

    def _role(self, application: Application) -> ExecutionRole:
        return ExecutionRole(self._authority, application.settings.role_arn, application.arn)

    def _application(self, uid: str) -> Application:
        return next(each for each in self._store.active_applications() if each.uid == uid)
