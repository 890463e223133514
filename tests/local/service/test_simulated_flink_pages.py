"""Flink's REST API of simulated jobs, as control reads it over presigned URLs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.local.service.dashboard_tokens import dashboard_path
from cdk_penstock.local.service.flink_proxy import DashboardPages, create_routes
from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.local.service.simulated_flink import job_behaviour
from cdk_penstock.local.service.simulated_flink.rest_pages import RestPages
from cdk_penstock.model.health import JobSample
from cdk_penstock.model.lifecycle.observed_job import JobState, Launch
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from tests.local.service.in_process_msf import InProcessMsf, in_process_msf
from tests.local.service.page_requests import get_page
from tests.local.service.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.local.service.simulated_flink.job_behaviour import JobBehaviour

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEHAVIOURS = (
    job_behaviour.HEALTHY,
    job_behaviour.LOOPS,
    job_behaviour.FAILS_ONCE,
    job_behaviour.NEVER_RUNS,
    job_behaviour.NO_CHECKPOINTS,
)


class Looking:
    """A running application, and what control sees of its job."""

    def __init__(self, msf: InProcessMsf, url: str) -> None:
        self.msf = msf
        self._url = url
        self.dashboard = FlinkDashboard(self._new_url)

    def token(self) -> str:
        url = self.msf.call("CreateApplicationPresignedUrl", ApplicationName="app", UrlType="FLINK_DASHBOARD_URL")
        return parse_qs(urlsplit(url["AuthorizedUrl"]).query)["authToken"][0]

    def _new_url(self) -> str:
        return f"{self._url}{dashboard_path(self.msf.uid())}?authToken={self.token()}"

    def sample(self, after_seconds: float = 0.0) -> JobSample:
        self.msf.clock.advance(after_seconds)
        (job,) = self.dashboard.get("/jobs/overview")["jobs"]
        path = f"/jobs/{job['jid']}"
        pages = (self.dashboard.get(path), self.dashboard.get(f"{path}/exceptions", {"maxExceptions": "16"}))
        return JobSample.parse(self.msf.clock(), *pages, self.dashboard.get(f"{path}/checkpoints"))

    def behave(self, behaviour: JobBehaviour) -> None:
        self.msf.job().behave(behaviour, since=self.msf.clock())


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Looking]:
    for msf in in_process_msf(tmp_path):
        # The driver of these tests stands in for Flink's own; here, its pages are the simulated ones.
        msf.driver.simulated_page = SimulatedDriver.simulated_page.__get__(msf.driver)  # type: ignore[method-assign]
        msf.run()
        with serve(Starlette(routes=create_routes(msf.msf))) as url:
            yield Looking(msf, url)


def test_a_healthy_job_runs_and_completes_checkpoints(looking: Looking) -> None:
    sample = looking.sample()
    assert (sample.runs, sample.failures, sample.completed_checkpoints) == (True, (), 0)
    assert looking.sample(125).completed_checkpoints == 2
    assert looking.dashboard.get("/overview")["flink-version"] == "1.20"


def test_a_job_that_loops_is_restarting_for_msf_and_for_flink(looking: Looking) -> None:
    looking.behave(job_behaviour.LOOPS)
    assert not looking.sample(5).runs
    sample = looking.sample(25)
    assert [each.reason for each in sample.failures] == ["java.lang.ArithmeticException: / by zero\nat Job.map"] * 3
    assert sample.completed_checkpoints == 0
    seen = looking.msf.driver.observe(looking.msf.uid())
    assert (seen.state, seen.restarts) == (JobState.RESTARTING, 3)
    assert looking.msf.refusal("StopApplication", ApplicationName="app")


def test_a_job_that_failed_once_runs_again(looking: Looking) -> None:
    looking.behave(job_behaviour.FAILS_ONCE)
    assert not looking.sample(4).runs
    sample = looking.sample(60)
    assert (sample.runs, len(sample.failures), sample.completed_checkpoints) == (True, 1, 1)


def test_tasks_that_never_run_are_initializing(looking: Looking) -> None:
    looking.behave(job_behaviour.NEVER_RUNS)
    sample = looking.sample(600)
    assert (sample.state, sample.running_subtasks, sample.completed_checkpoints) == ("RUNNING", 0, 0)


def test_the_behaviour_is_chosen_by_the_launch(looking: Looking) -> None:
    looking.msf.put("code-bucket", "bad.zip", b"bad")
    launched: list[Launch] = []

    def choose(_application: str, launch: Launch) -> JobBehaviour:
        launched.append(launch)
        return job_behaviour.FAILS_IN_MAIN if "bad" in launch.property_groups.get("job", {}) else job_behaviour.HEALTHY

    looking.msf.driver.behaviour_of = choose
    groups = [{"PropertyGroupId": "job", "PropertyMap": {"bad": "1"}}]
    looking.msf.update(EnvironmentPropertyUpdates={"PropertyGroups": groups})
    looking.msf.settle()
    assert launched[-1].property_groups["job"] == {"bad": "1"}
    with pytest.raises(RefusedCallError, match="is in READY status"):
        looking.sample()
    listed = looking.msf.call("ListApplicationOperations", ApplicationName="app", Operation="UpdateApplication")
    assert listed["ApplicationOperationInfoList"][0]["OperationStatus"] == "FAILED"


def test_checkpoints_that_are_disabled_are_an_error_as_in_flink() -> None:
    launch = Launch(launch_id="1", code="", runtime="FLINK-1_20", checkpointing_enabled=False)
    job = SimulatedJob(launch=launch, launched_at=NOON)
    page = RestPages(job, NOON).answer(f"/jobs/{job.flink_id}/checkpoints")
    assert (page.status, b"not been enabled" in page.content) == (404, True)


@pytest.mark.parametrize("path", ["jobs/2", "jobs/2/exceptions", "missing", "jobs/2/missing"])
def test_unknown_pages_are_not_found(path: str) -> None:
    job = SimulatedJob(launch=Launch(launch_id="1", code="", runtime="FLINK-1_20"), launched_at=NOON)
    assert RestPages(job, NOON).answer(path).status == 404


def test_a_browser_gets_a_page_with_links(looking: Looking) -> None:
    pages = DashboardPages(looking.msf.msf)
    page = get_page(pages, looking.msf.uid(), "", looking.token())
    assert str(page.media_type).startswith("text/html")
    assert b'href="jobs/overview"' in bytes(page.body)


def test_the_pages_are_read_without_a_port_under_the_same_rules(looking: Looking) -> None:
    pages = DashboardPages(looking.msf.msf)
    uid, token = looking.msf.uid(), looking.token()
    assert get_page(pages, uid, "jobs/overview", token).status_code == 200
    assert get_page(pages, uid, "jobs/overview", "wrong").status_code == 403
    looking.msf.call("StopApplication", ApplicationName="app", Force=True)
    looking.msf.settle()
    assert get_page(pages, uid, "jobs/overview", token).status_code == 503


@given(st.sampled_from(BEHAVIOURS), st.floats(0, 5_000), st.floats(0, 5_000))
def test_what_has_happened_stays(behaviour: JobBehaviour, age: float, later: float) -> None:
    before, after = behaviour.failure_ages(age), behaviour.failure_ages(age + later)
    assert after[: len(before)] == before
    assert all(each <= age for each in before)
    assert behaviour.checkpoints(age, 60) <= behaviour.checkpoints(age + later, 60)
    assert behaviour.is_down(age) <= bool(before)


@given(st.sampled_from(BEHAVIOURS), st.floats(0, 500), st.integers(1, 16))
def test_every_subtask_is_in_one_state(behaviour: JobBehaviour, age: float, parallelism: int) -> None:
    launch = Launch(launch_id="1", code="", runtime="FLINK-1_20", parallelism=parallelism)
    job = SimulatedJob(launch=launch, launched_at=NOON, behaviour=behaviour)
    now = NOON + timedelta(seconds=age)
    details, exceptions, checkpoints = (
        json.loads(RestPages(job, now).answer(f"jobs/{job.flink_id}{page}").content)
        for page in ("", "/exceptions", "/checkpoints")
    )
    sample = JobSample.parse(now, details, exceptions, checkpoints)
    assert sum(sample.vertices[0].subtasks.values()) == sample.subtasks == parallelism
    assert sample.runs == behaviour.tasks_run(job.age(now))
