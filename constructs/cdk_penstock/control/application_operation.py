"""One application with all that a plan needs, put together in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_observer import ApplicationObserver
from cdk_penstock.control.application_requests import ApplicationRequests
from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.control.health_watch import JobWatch
from cdk_penstock.control.plan_runner import PlanRunner
from cdk_penstock.control.presigned_url import new_dashboard_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.clients import Clock, FlinkClient
    from cdk_penstock.control.key_preflight import KeyPreflight
    from cdk_penstock.model.health import HealthRules
    from cdk_penstock.model.keys import KeyUse, LifecycleOperation


def _allow_all(_operation: LifecycleOperation, _use: KeyUse) -> None:
    """Leave the keys to MSF, which refuses a request whose key its caller may not use."""


@dataclass(frozen=True, kw_only=True)
class ApplicationOperation:
    """One application, as its operator.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2`` with the operator's credentials.
    name
        The application's name.
    clock
        The time.
    open_dashboard
        Opens Flink's REST API through what creates a presigned URL. Default: over the network.
    key_preflight
        Checks the keys of each operation before it changes anything. Default: MSF alone refuses a key that its caller
        may not use.
    """

    client: FlinkClient
    name: str
    clock: Clock
    open_dashboard: Callable[[Callable[[], str]], FlinkDashboard] = FlinkDashboard
    key_preflight: KeyPreflight | None = None

    @property
    def control(self) -> ApplicationControl:
        """The application's own requests."""
        return ApplicationControl(self.client, self.name, clock=self.clock)

    def runner(
        self,
        *,
        save_evidence: Callable[[str], None],
        report: Callable[[str], None],
        note: Callable[[str], None] | None = None,
        progress: Callable[[str], None] | None = None,
        rules: HealthRules | None = None,
        stable_seconds: float | None = None,
    ) -> PlanRunner:
        """Return a runner of plans; the parameters are those of PlanRunner.

        ``note`` is called with what could not be found out about a key. Default: ``report``.
        """
        control, preflight = self.control, self.key_preflight
        versions = ApplicationVersions(self.client, self.name, clock=self.clock)
        dashboard = self.open_dashboard(lambda: new_dashboard_url(self.client, self.name, clock=self.clock))
        return PlanRunner(
            application=control,
            observer=ApplicationObserver(control, versions),
            requests=ApplicationRequests(self.client, self.name, clock=self.clock),
            watch=JobWatch(dashboard, clock=self.clock),
            check_keys=_allow_all if preflight is None else preflight.before_each(control, note or report),
            save_evidence=save_evidence,
            report=report,
            progress=progress,
            rules=rules,
            stable_seconds=stable_seconds,
        )
