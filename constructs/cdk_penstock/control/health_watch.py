"""Looks at a running job until it is known to be healthy or failing. Nothing is changed.

MSF asks not to poll Flink's REST API in steady state: a watch ends with its verdict, or with its deadline.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.flink_dashboard import DashboardUnavailableError
from cdk_penstock.model.health import Health, JobSample, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_penstock.control.clients import Clock
    from cdk_penstock.control.flink_dashboard import FlinkDashboard
    from cdk_penstock.model.health import HealthRules

_MOST_FAILURES: Final = "16"


class JobWatch:
    """Looks at the job of one application.

    Parameters
    ----------
    dashboard
        Flink's REST API.
    clock
        The time.
    """

    def __init__(self, dashboard: FlinkDashboard, *, clock: Clock) -> None:
        self._dashboard = dashboard
        self._clock = clock

    def look(self) -> JobSample:
        """Return the job as it is; raise DashboardUnavailableError where it cannot be seen."""
        jobs = self._dashboard.get("/jobs/overview")["jobs"]
        if not jobs:
            raise DashboardUnavailableError("Flink has no job yet")
        newest = max(jobs, key=lambda each: each["start-time"])
        path = f"/jobs/{newest['jid']}"
        return JobSample.parse(
            self._clock.now(),
            self._dashboard.get(path),
            self._dashboard.get(f"{path}/exceptions", {"maxExceptions": _MOST_FAILURES}),
            self._checkpoints(path),
        )

    def _checkpoints(self, path: str) -> Any:
        try:
            return self._dashboard.get(f"{path}/checkpoints")
        except DashboardUnavailableError:
            # Flink answers so where checkpoints are disabled.
            return {}

    def watch(
        self,
        rules: HealthRules,
        *,
        since: datetime | None,
        goes_on: Callable[[], bool],
        deadline: datetime | None = None,
        report: Callable[[str], None],
    ) -> Verdict | None:
        """Return the verdict on the job; None if the deadline came before it, or the application has left RUNNING.

        Parameters
        ----------
        rules
            The evidence that is needed.
        since
            When the operation began; failures before it do not count. None: failures before the first look do not.
        goes_on
            Returns True while the application is RUNNING.
        deadline
            When to give up; None: the rules alone end the watch.
        report
            Called with the state of the job after each look.

        Raises ControlError where Flink does not answer for as long as a job may take to initialize.
        """
        samples: list[JobSample] = []
        unseen_since: datetime | None = None
        while True:
            try:
                samples.append(self.look())
            except DashboardUnavailableError as error:
                if not goes_on():
                    return None
                unseen_since = unseen_since or self._clock.now()
                if self._clock.now() - unseen_since >= timedelta(seconds=rules.initializing_seconds):
                    raise ControlError(
                        f"the job cannot be verified, and was left as it is: {error}; it is neither known to be healthy"
                        " nor to fail: see penstock app logs"
                    ) from error
                report(str(error))
            else:
                unseen_since = None
                verdict = judge(samples, rules, since=since)
                if verdict.is_final:
                    # A job that has gone may have gone with its application.
                    return verdict if verdict.health is not Health.FAILING or goes_on() else None
                report(verdict.reason)
            if deadline is not None and self._clock.now() >= deadline:
                return None
            self._clock.sleep(rules.poll_seconds)
