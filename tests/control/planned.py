"""A plan's runner on the in-process MSF, and what tests ask of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from cdk_penstock.control.application_observer import ApplicationObserver
from cdk_penstock.control.application_requests import ApplicationRequests
from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.health_watch import JobWatch
from cdk_penstock.control.plan_runner import PlanRunner
from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.lifecycle.planning import Change
from tests.control.fake_aws import APPLICATION
from tests.control.fake_session import FakeAws
from tests.control.local_msf import CODE_BUCKET, SERVICE
from tests.control.simulated_flink import SimulatedFlink

if TYPE_CHECKING:
    from cdk_penstock.control.flink_dashboard import FlinkDashboard
    from cdk_penstock.model.lifecycle.planning import Ended, Target


def revision(key: str, runtime: str = "FLINK-1_20") -> Revision:
    return Revision(code_bucket_arn=CODE_BUCKET, code_key=key, runtime_environment=runtime)


GOOD = Change(revision=revision("good.zip"))
BAD = Change(revision=revision("bad.zip"))


@dataclass
class Planned:
    """AWS, the job's pages, and what the runs have told."""

    aws: FakeAws = field(default_factory=FakeAws)
    reports: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    checked: list[Any] = field(default_factory=list)
    rollbacks_before: int = 0

    def __post_init__(self) -> None:
        self.flink = SimulatedFlink(self.aws)

    def runner(self, **options: Any) -> PlanRunner:
        application, client, clock = self.aws.control(), self.aws.client(SERVICE), self.aws.world.clock
        versions = ApplicationVersions(client, APPLICATION, clock=clock)
        return PlanRunner(
            application=application,
            observer=ApplicationObserver(application, versions),
            requests=ApplicationRequests(client, APPLICATION, clock=clock),
            watch=JobWatch(cast("FlinkDashboard", self.flink), clock=clock),
            check_keys=options.pop("check_keys", lambda operation, use: self.checked.append((operation, use))),
            save_evidence=self.evidence.append,
            report=self.reports.append,
            **options,
        )

    def run(self, target: Target, **options: Any) -> Ended:
        """Run a plan to its end."""
        end = self.runner(**options).run(target)
        assert end is not None
        return end

    def called(self, *operations: str) -> list[str]:
        """Return the calls of these operations, in their order."""
        return [name for name, _ in self.aws.world.calls if name in operations]

    @property
    def code(self) -> str:
        """The key of the code that is in force."""
        content = self.aws.msf.application.settings.configuration["ApplicationCodeConfigurationDescription"]
        return str(content["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]["FileKey"])
