"""Flink's REST API of the in-process MSF's job, and jobs that behave by the code that they run."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.flink_dashboard import DashboardUnavailableError
from cdk_penstock.control.presigned_url import new_dashboard_url
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN
from tests.control.local_msf import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from cdk_penstock.model.lifecycle.records import Application
    from tests.control.fake_session import FakeAws

CHECKPOINT_SECONDS = 60
RESTART_SECONDS = 10
FAILS_AFTER_SECONDS = 3


class Behaviour(Enum):
    HEALTHY = "healthy"
    LOOPS = "loops"
    """Each time that its tasks run, one fails three seconds later; Flink restarts it ten seconds after that."""
    FAILS_ONCE = "fails once"
    FAILS_IN_MAIN = "fails in main"
    NEVER_RUNS = "never runs"
    """Its tasks initialize without end."""
    NO_CHECKPOINTS = "no checkpoints"


class SimulatedFlink:
    """The pages behind the presigned URL; what a job does depends on the key of its code."""

    def __init__(self, aws: FakeAws, application: str = APPLICATION) -> None:
        self._aws = aws
        self._name = application
        self._arn = f"{APPLICATION_ARN.rpartition('/')[0]}/{application}"
        self.behaviours: dict[str, Behaviour] = {}
        self._behaviour = Behaviour.HEALTHY
        self._opened: object = None
        self.unavailable = 0
        self._arranged = aws.msf.driver.on_launch
        aws.msf.driver.on_launch = self._launched

    def begin_now(self) -> None:
        """Let the job that runs behave by its code, as if it had been launched now."""
        job = self._aws.msf.driver.jobs[self._aws.msf.application.uid]
        job.launched_at = self._aws.world.time
        self._behaviour = self.behaviours.get(self._code(), Behaviour.HEALTHY)
        if self._behaviour is Behaviour.LOOPS:
            job.state = JobState.RESTARTING

    def _launched(self, application: str, job: SimulatedJob) -> None:
        if self._arranged is not None:
            self._arranged(application, job)
        if not self._aws.msf.msf.store.has_application(self._arn) or application != self._stored.uid:
            return
        self._behaviour = self.behaviours.get(self._code(), Behaviour.HEALTHY)
        if self._behaviour is Behaviour.FAILS_IN_MAIN:
            job.state, job.error = JobState.FAILED, "ValueError: no such topic"
        if self._behaviour is Behaviour.LOOPS:
            job.state = JobState.RESTARTING

    @property
    def _stored(self) -> Application:
        return self._aws.msf.msf.store.application(self._arn)

    def _code(self) -> str:
        configuration = self._stored.settings.configuration
        content = configuration["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
        return str(content["S3ApplicationCodeLocationDescription"]["FileKey"])

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Answer as Flink does, while the application is RUNNING."""
        self._aws.msf.reconcile()
        job = self._aws.msf.driver.jobs[self._stored.uid]
        if job is not self._opened:
            new_dashboard_url(self._aws.client(SERVICE), self._name, clock=self._aws.world.clock)
            self._opened = job
        if self._stored.status.value != "RUNNING" or self.unavailable:
            self.unavailable = max(0, self.unavailable - 1)
            raise DashboardUnavailableError("no cluster of the application runs now")
        age = (self._aws.world.time - job.launched_at).total_seconds()
        page = path.removeprefix("/jobs/").removeprefix(job.launch.launch_id)
        answers = {"overview": self._overview, "": self._details, "/exceptions": self._exceptions}
        del parameters
        return answers.get(page, self._checkpoints)(job, age)

    def _overview(self, job: SimulatedJob, _age: float) -> Any:
        started = int(job.launched_at.timestamp() * 1000)
        return {"jobs": [{"jid": job.launch.launch_id, "start-time": started}]}

    def _details(self, job: SimulatedJob, age: float) -> Any:
        running = 2
        if self._behaviour is Behaviour.NEVER_RUNS:
            running = 0
        if self._restarts(age):
            cycle = age % (RESTART_SECONDS + FAILS_AFTER_SECONDS)
            running = 2 if cycle < FAILS_AFTER_SECONDS else 0
        state = "RUNNING" if running or self._behaviour is Behaviour.NEVER_RUNS else "RESTARTING"
        tasks = {"RUNNING": running, "INITIALIZING": 2 - running}
        return {
            "jid": job.launch.launch_id,
            "state": state,
            "vertices": [{"name": "Source -> Sink", "parallelism": 2, "tasks": tasks}],
        }

    def _restarts(self, age: float) -> bool:
        once = self._behaviour is Behaviour.FAILS_ONCE and age < RESTART_SECONDS + FAILS_AFTER_SECONDS
        return self._behaviour is Behaviour.LOOPS or once

    def failures(self, launched: float, age: float) -> list[float]:
        """Return the times of failures of a job, in seconds of the epoch."""
        if self._behaviour not in {Behaviour.LOOPS, Behaviour.FAILS_ONCE}:
            return []
        cycle = RESTART_SECONDS + FAILS_AFTER_SECONDS
        number = int((age - FAILS_AFTER_SECONDS) // cycle) + 1 if age >= FAILS_AFTER_SECONDS else 0
        number = min(number, 1) if self._behaviour is Behaviour.FAILS_ONCE else number
        return [launched + FAILS_AFTER_SECONDS + each * cycle for each in range(number)]

    def _exceptions(self, job: SimulatedJob, age: float) -> Any:
        times = self.failures(job.launched_at.timestamp(), age)
        entries = [
            {"timestamp": int(each * 1000), "stacktrace": "java.lang.ArithmeticException: / by zero\n\tat Job.map"}
            for each in reversed(times[-16:])
        ]
        return {"exceptionHistory": {"entries": entries}}

    def _checkpoints(self, _job: SimulatedJob, age: float) -> Any:
        is_taking = self._behaviour in {Behaviour.HEALTHY, Behaviour.FAILS_ONCE}
        return {"counts": {"completed": int(age // CHECKPOINT_SECONDS) if is_taking else 0}}
