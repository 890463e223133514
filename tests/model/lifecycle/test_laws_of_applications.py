"""Random calls, jobs, keys and faults: no sequence of them breaks a law, and everything comes to its end."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cdk_penstock.local.service.faults import Faults
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.switches import FailedUpdate, RollbackRestores, Switches
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from cdk_penstock.model.lifecycle.transit import Phase
from tests.local.service.in_process import KEY_1, KEY_2, InProcess
from tests.local.service.msf_account import properties
from tests.model.lifecycle.laws import Laws

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from cdk_penstock.model.lifecycle.records import Application

KEYS = (KEY_1, KEY_2)
ENCRYPTIONS = st.sampled_from(
    [{"KeyType": "AWS_OWNED_KEY"}, *({"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": key} for key in KEYS)]
)
UPDATES = st.one_of(
    st.sampled_from("123").map(lambda value: properties(a=value)),
    ENCRYPTIONS.map(
        lambda given: {
            "ApplicationEncryptionConfigurationUpdate": {f"{name}Update": value for name, value in given.items()}
        }
    ),
    st.sampled_from([1, 2]).map(
        lambda value: {
            "FlinkApplicationConfigurationUpdate": {
                "ParallelismConfigurationUpdate": {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": value}
            }
        }
    ),
    st.booleans().map(lambda value: {"ApplicationSnapshotConfigurationUpdate": {"SnapshotsEnabledUpdate": value}}),
    st.booleans().map(lambda value: {"ApplicationSystemRollbackConfigurationUpdate": {"RollbackEnabledUpdate": value}}),
)
RESTORES = st.sampled_from(
    [
        {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"},
        {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotName": "s1"},
    ]
)
RUNS = st.builds(
    lambda restore, allowed: {
        "ApplicationRestoreConfiguration": restore,
        "FlinkRunConfiguration": {"AllowNonRestoredState": allowed},
    },
    RESTORES,
    st.booleans(),
)
CONFIGURATIONS = st.builds(
    lambda disabled, rollback, encryption: {
        "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": not disabled},
        "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": rollback},
        "ApplicationEncryptionConfiguration": encryption,
    },
    st.integers(0, 4).map(lambda number: number == 0),
    st.booleans(),
    ENCRYPTIONS,
)
SWITCHES = st.builds(
    Switches,
    rollback_makes_new_version=st.booleans(),
    rollback_restores=st.sampled_from(RollbackRestores),
    failed_update=st.sampled_from(FailedUpdate),
    update_keeps_current_parallelism=st.booleans(),
)
FAULTS = st.builds(
    Faults,
    failing_snapshots=st.booleans(),
    hanging_operations=st.integers(0, 3).map(lambda number: number == 0),
    looping_job=st.integers(0, 3).map(lambda number: number == 0),
    throttled_calls=st.integers(0, 1),
    transition_seconds=st.sampled_from([None, 3.0]),
)


class Applications(RuleBasedStateMachine):
    """One application at a time, which may be deleted and created again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())

    @initialize(switches=SWITCHES, blocks=CONFIGURATIONS, updates=st.lists(UPDATES, max_size=2))
    def begin(self, switches: Switches, blocks: dict[str, Any], updates: list[dict[str, Any]]) -> None:
        self.policies = AllowAll()
        self.switches = switches
        self.local = self.serve()
        self.laws = Laws(versions_grow=switches.rollback_makes_new_version)
        self.create(blocks)
        self.start({})
        self.pass_time(4, 6)
        for each in updates:
            self.update(each, None)
            self.pass_time(4, 6)

    def serve(self) -> InProcess:
        """Return a new service."""
        return InProcess(self.folder, switches=self.switches, policies=self.policies)

    @property
    def is_there(self) -> bool:
        return bool(self.local.service.store.all_applications())

    @property
    def has_job(self) -> bool:
        return bool(self.local.driver.jobs)

    def carry_out(self, act: Callable[[], object]) -> bool:
        """Act, and return True if that came to its end."""
        act()
        return True

    def attempt(self, call: Callable[[], object]) -> bool | None:
        """Call, and return True if it was accepted, None if nobody knows; a refused call changes nothing."""
        before = self.local.database()
        accepted: bool | None = False
        try:
            accepted = self.carry_out(call) or None
        except RefusedCallError:
            assert self.local.database() == before
        self.laws.check(self.local.service)
        return accepted

    def reconcile(self) -> None:
        """Let the service carry on."""
        self.carry_out(self.local.service.reconcile)
        self.laws.check(self.local.service)

    def detail(self) -> Application:
        """Return the application."""
        (application,) = self.local.service.store.all_applications()
        return application

    # Calls

    @precondition(lambda self: not self.is_there)
    @rule(blocks=CONFIGURATIONS)
    def create(self, blocks: dict[str, Any]) -> None:
        self.attempt(lambda: self.local.create(**blocks))

    @precondition(lambda self: self.is_there)
    @rule(run=RUNS)
    def start(self, run: dict[str, Any]) -> None:
        version = self.detail().version_id
        self.attempt(lambda: self.local.msf.start_application(ApplicationName="app", RunConfiguration=run))
        assert self.detail().version_id == version

    @precondition(lambda self: self.is_there)
    @rule(force=st.booleans())
    def stop(self, force: bool) -> None:
        version = self.detail().version_id
        self.attempt(lambda: self.local.msf.stop_application(ApplicationName="app", Force=force))
        assert self.detail().version_id == version

    @precondition(lambda self: self.is_there)
    @rule(blocks=UPDATES, run=st.none() | RUNS)
    def update(self, blocks: dict[str, Any], run: dict[str, Any] | None) -> None:
        given: dict[str, Any] = {} if run is None else {"RunConfigurationUpdate": run}
        before = self.detail()
        accepted = self.attempt(
            lambda: self.local.msf.update_application(
                ApplicationName="app",
                ConditionalToken=before.token,
                ApplicationConfigurationUpdate=blocks,
                **given,
            )
        )
        if accepted is not None:
            assert self.detail().version_id == (before.newest_version_id + 1 if accepted else before.version_id)

    @precondition(lambda self: self.is_there)
    @rule()
    def roll_back(self) -> None:
        version = self.detail().version_id
        self.attempt(
            lambda: self.local.msf.rollback_application(ApplicationName="app", CurrentApplicationVersionId=version)
        )

    @precondition(lambda self: self.is_there)
    @rule(name=st.sampled_from(["s1", "s2"]))
    def take_snapshot(self, name: str) -> None:
        self.attempt(lambda: self.local.msf.create_application_snapshot(ApplicationName="app", SnapshotName=name))

    @precondition(lambda self: self.is_there)
    @rule(newest=st.booleans())
    def delete_snapshot(self, newest: bool) -> None:
        known = [each for _, each in self.local.service.store.legacy_snapshots(self.detail())]
        if not known:
            return
        snapshot = known[-1 if newest else 0]
        self.attempt(
            lambda: self.local.msf.delete_application_snapshot(
                ApplicationName="app", SnapshotName=snapshot.name, SnapshotCreationTimestamp=snapshot.created_at
            )
        )

    @precondition(lambda self: self.is_there)
    @rule(really=st.integers(0, 9))
    def delete(self, really: int) -> None:
        if really:
            return
        created_at = self.detail().created_at
        self.attempt(lambda: self.local.msf.delete_application(ApplicationName="app", CreateTimestamp=created_at))

    @precondition(lambda self: self.is_there)
    @rule(up=st.booleans(), maintenance=st.booleans())
    def act_as_msf(self, up: bool, maintenance: bool) -> None:
        service = self.local.service
        at = service.situation(self.detail().arn)
        self.attempt(lambda: service.commit(maintain(at) if maintenance else scale(at, up=up)))

    # Time, and what happens in it

    @rule(seconds=st.sampled_from([0, 1, 4, 4, 4, 20, 400]), times=st.sampled_from([1, 1, 2, 6, 6]))
    def pass_time(self, seconds: int, times: int) -> None:
        for _ in range(times):
            self.local.clock.advance(seconds)
            self.reconcile()

    @precondition(lambda self: self.has_job)
    @rule(state=st.sampled_from(["dies", "restarts", "recovers", "finishes", "checkpoints"]))
    def let_the_job(self, state: str) -> None:
        ((uid, job),) = self.local.driver.jobs.items()
        if state == "dies":
            self.local.driver.close()
        elif state == "checkpoints":
            self.local.driver.process(uid, 1)
            self.carry_out(lambda: self.local.driver.checkpoint(uid))
        elif state == "restarts" and job.state is JobState.RUNNING:
            job.state, job.restarts = JobState.RESTARTING, job.restarts + 1
        elif state == "recovers" and job.state is JobState.RESTARTING:
            job.state = JobState.RUNNING
        elif state == "finishes" and job.state in {JobState.RUNNING, JobState.RESTARTING}:
            job.state = JobState.FINISHED

    @rule(
        state=st.sampled_from(
            [JobState.RUNNING, JobState.FAILED, JobState.RESTARTING, JobState.FINISHED, JobState.LAUNCHING]
        ),
        restarts=st.sampled_from([0, 5]),
    )
    def let_launches_end(self, state: JobState, restarts: int) -> None:
        def launched(_: str, job: SimulatedJob) -> None:
            if job.state is JobState.RUNNING:
                job.state, job.restarts = state, restarts
            self.local.driver.on_launch = None

        self.local.driver.on_launch = launched

    @rule(key=st.sampled_from(KEYS), disabled=st.booleans())
    def switch_key(self, key: str, disabled: bool) -> None:
        if disabled:
            self.policies.disabled_keys.add(key)
        else:
            self.policies.disabled_keys.discard(key)

    @precondition(lambda self: self.is_there)
    @rule(faults=FAULTS)
    def request_faults(self, faults: Faults) -> None:
        self.local.service.faults[self.detail().uid] = faults

    @precondition(lambda self: self.is_there)
    @rule()
    def take_faults_back(self) -> None:
        self.local.service.faults.clear()

    def teardown(self) -> None:
        """Take back all that stands in the way: everything comes to its end, with the job that it should have."""
        try:
            if hasattr(self, "local"):
                self._end()
        finally:
            shutil.rmtree(self.folder)

    def _end(self) -> None:
        local, service = self.local, self.local.service
        service.faults.clear()
        self.policies.disabled_keys.clear()
        local.driver.on_launch = None
        for job in local.driver.jobs.values():
            if job.state in {JobState.RESTARTING, JobState.LAUNCHING}:
                job.state = JobState.RUNNING
        for application in service.store.all_applications():
            if application.transit is not None and application.transit.phase is Phase.STUCK:
                local.msf.stop_application(ApplicationName="app", Force=True)
        local.settle()
        self.laws.check(service)
        for application in service.store.all_applications():
            job_now = service.driver.observe(application.uid)
            if application.status is ApplicationStatus.RUNNING:
                assert (job_now.state, job_now.launch_id) == (JobState.RUNNING, application.launch_id)
                launch = local.driver.jobs[application.uid].launch
                assert launch.parallelism == application.current_parallelism
                groups = application.settings.configuration.get("EnvironmentPropertyDescriptions", {})
                expected = {
                    each["PropertyGroupId"]: each["PropertyMap"] for each in groups.get("PropertyGroupDescriptions", [])
                }
                assert launch.property_groups == expected
            else:
                assert application.status is ApplicationStatus.READY
        assert set(local.driver.jobs) <= {each.uid for each in service.store.all_applications()}


TestApplications = Applications.TestCase
TestApplications.settings = settings(max_examples=settings().max_examples, stateful_step_count=40, deadline=None)
