"""MSF in the world, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.snapshot_files import SnapshotFiles
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.rehearsal.world.msf.job_launches import JobBehaviours, JobLaunches
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_penstock.local.service.object_store import ObjectStore
    from cdk_penstock.local.service.policy_source import PolicySource
    from cdk_penstock.model.lifecycle.switches import Switches
    from cdk_penstock.rehearsal.timeline import Timeline
    from cdk_penstock.rehearsal.world.authority import Actor, Authority
    from cdk_penstock.rehearsal.world.msf.job_launches import PlayedJobs
    from cdk_penstock.rehearsal.world.play_clocks import PlayClock
    from cdk_penstock.rehearsal.world.service_answers import CallScope

_MOST_STEPS: Final = 100


class WorldMsf:
    """MSF of all accounts and Regions of the world: it decides on its calls itself, by the world's authority.

    Parameters
    ----------
    folder
        A folder for savepoints and copies of code.
    authority, timeline, clock
        Those of the world.
    objects
        The objects in S3, among them the code.
    policies
        The decisions that it asks for.
    switches
        The answers to what is not known of MSF.
    new_jobs
        Returns what runs the jobs, given a folder.
    transition_seconds
        The time that a status such as STARTING lasts at least.

    Attributes
    ----------
    service, operations, driver
        The local service, its operations, and its jobs.
    behaviours
        What jobs do.
    """

    def __init__(
        self,
        folder: Path,
        *,
        authority: Authority,
        timeline: Timeline,
        clock: PlayClock,
        objects: ObjectStore,
        policies: PolicySource,
        switches: Switches,
        new_jobs: Callable[[Path], PlayedJobs],
        transition_seconds: float,
    ) -> None:
        self.base_url = "http://127.0.0.1"
        """The address of presigned URLs, which whoever serves them sets."""
        store = Store(None)
        self.driver = new_jobs(folder / "applications")
        self.service = Msf(
            store=store,
            driver=self.driver,
            code=CodeStore(folder / "code", objects),
            policies=policies,
            options=MsfOptions(
                switches=switches,
                transition_seconds=transition_seconds,
                base_url=lambda: self.base_url,
                clock=clock,
            ),
            snapshot_files=SnapshotFiles(folder / "imports", objects),
        )
        self.operations = ServiceOperations(self.service)
        self.behaviours = JobBehaviours(store, self.driver)
        self.driver.play(JobLaunches(authority, timeline, store, self.behaviours))

    def carry_on(self) -> None:
        """Carry on with everything that calls have begun, as far as it comes at this time."""
        for _ in range(_MOST_STEPS):
            if not self.service.reconcile():
                return

    def call(self, operation: str, parameters: Mapping[str, Any], actor: Actor, scope: CallScope) -> Mapping[str, Any]:
        """Carry out an operation with valid parameters; the service asks for the permission of its caller itself.

        Raises ServiceRefusedError if the service refuses the call.
        """
        caller = ApiCaller(account=scope.account, region=scope.region, principal_arn=actor.arn)
        self.carry_on()
        try:
            return self.operations.call(operation, parameters, caller)
        except RefusedCallError as error:
            raise ServiceRefusedError(error.code.value, str(error)) from error
