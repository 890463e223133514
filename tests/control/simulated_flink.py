"""Flink's REST API of the in-process MSF's job, and jobs that behave by the code that they run."""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.flink_dashboard import DashboardUnavailableError
from cdk_penstock.control.presigned_url import new_dashboard_url
from cdk_penstock.local.service.simulated_flink import job_behaviour
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN
from tests.control.local_msf import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour
    from cdk_penstock.model.lifecycle.observed_job import Launch
    from cdk_penstock.model.lifecycle.records import Application
    from tests.control.fake_session import FakeAws


class Behaviour(Enum):
    HEALTHY = job_behaviour.HEALTHY
    LOOPS = job_behaviour.LOOPS
    FAILS_ONCE = job_behaviour.FAILS_ONCE
    FAILS_IN_MAIN = job_behaviour.FAILS_IN_MAIN
    NEVER_RUNS = job_behaviour.NEVER_RUNS
    NO_CHECKPOINTS = job_behaviour.NO_CHECKPOINTS


class SimulatedFlink:
    """The pages behind the presigned URL; what a job does depends on the key of its code."""

    def __init__(self, aws: FakeAws, application: str = APPLICATION) -> None:
        self._aws = aws
        self._name = application
        self._arn = f"{APPLICATION_ARN.rpartition('/')[0]}/{application}"
        self.behaviours: dict[str, Behaviour] = {}
        self._opened: object = None
        self.unavailable = 0
        self._of_others = aws.msf.driver.behaviour_of
        aws.msf.driver.behaviour_of = self._behaviour_of

    def begin_now(self) -> None:
        """Let the job that runs behave by its code, as if it had been launched now."""
        job = self._aws.msf.driver.jobs[self._aws.msf.application.uid]
        job.launched_at = self._aws.world.time
        job.behave(self._behaviour, since=job.launched_at)

    def _behaviour_of(self, application: str, launch: Launch) -> JobBehaviour:
        if not self._aws.msf.msf.store.has_application(self._arn) or application != self._stored.uid:
            return self._of_others(application, launch)
        return self._behaviour

    @property
    def _stored(self) -> Application:
        return self._aws.msf.msf.store.application(self._arn)

    @property
    def _behaviour(self) -> JobBehaviour:
        configuration = self._stored.settings.configuration
        content = configuration["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
        key = str(content["S3ApplicationCodeLocationDescription"]["FileKey"])
        return self.behaviours.get(key, Behaviour.HEALTHY).value

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Answer as Flink does, while the application is RUNNING."""
        del parameters
        self._aws.msf.reconcile()
        driver, uid = self._aws.msf.driver, self._stored.uid
        job = driver.jobs[uid]
        if job is not self._opened:
            new_dashboard_url(self._aws.client(SERVICE), self._name, clock=self._aws.world.clock)
            self._opened = job
        page = driver.simulated_page(uid, path) if self._stored.status.value == "RUNNING" else None
        if page is None or self.unavailable:
            self.unavailable = max(0, self.unavailable - 1)
            raise DashboardUnavailableError("no cluster of the application runs now")
        return json.loads(page.content)
