"""Every route of the admin API: its effect on the service, and what it says to wrong requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.faults import Faults
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.admin_service import ACCOUNT, HOSTILE, KEY, REGION, AdminService

if TYPE_CHECKING:
    from pathlib import Path

NO_FAULTS = {
    "failing_snapshots": False,
    "hanging_operations": False,
    "looping_job": False,
    "throttled_calls": 0,
    "transition_seconds": None,
}
ORDERS = "/_admin/applications/orders"


@pytest.fixture
def service(tmp_path: Path) -> AdminService:
    return AdminService(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> AdminService:
    """Return a service that wrong requests must not change."""
    made = AdminService(tmp_path_factory.mktemp("unchanged"))
    made.create("orders")
    return made


def status(service: AdminService, name: str = "orders") -> str:
    return str(service.do("DescribeApplication", ApplicationName=name)["ApplicationDetail"]["ApplicationStatus"])


# Faults


def test_faults_are_set_shown_and_taken_back(service: AdminService) -> None:
    service.create("orders")
    assert service.call("GET", f"{ORDERS}/faults").document == NO_FAULTS
    wanted: dict[str, Any] = NO_FAULTS | {"looping_job": True, "throttled_calls": 2, "transition_seconds": 1.5}
    assert service.call("PUT", f"{ORDERS}/faults", wanted).document == wanted
    assert service.call("GET", f"{ORDERS}/faults").document == wanted
    assert service.msf.faults[service.uid("orders")] == Faults(**wanted)
    assert service.call("DELETE", f"{ORDERS}/faults").document == NO_FAULTS
    assert service.msf.faults == {}


def test_a_fault_that_is_left_out_is_none(service: AdminService) -> None:
    service.create("orders")
    service.call("PUT", f"{ORDERS}/faults", {"looping_job": True})
    assert service.call("PUT", f"{ORDERS}/faults", {"throttled_calls": 1}).document["looping_job"] is False


def test_a_throttled_call_is_refused_as_often_as_asked_for(service: AdminService) -> None:
    service.create("orders")
    service.call("PUT", f"{ORDERS}/faults", {"throttled_calls": 2})
    for _ in range(2):
        with pytest.raises(RefusedCallError) as caught:
            status(service)
        assert caught.value.code is RefusalCode.THROTTLING
    assert status(service) == "READY"
    assert service.call("GET", f"{ORDERS}/faults").document == NO_FAULTS


def test_a_snapshot_fails_on_request(service: AdminService) -> None:
    service.run("orders")
    service.call("PUT", f"{ORDERS}/faults", {"failing_snapshots": True})
    service.do("CreateApplicationSnapshot", ApplicationName="orders", SnapshotName="nightly")
    service.carry_on()
    (snapshot,) = service.do("ListApplicationSnapshots", ApplicationName="orders")["SnapshotSummaries"]
    assert snapshot["SnapshotStatus"] == "FAILED"


def test_an_operation_hangs_until_its_fault_is_taken_back(service: AdminService) -> None:
    service.create("orders")
    service.call("PUT", f"{ORDERS}/faults", {"hanging_operations": True})
    service.do("StartApplication", ApplicationName="orders")
    service.carry_on()
    assert status(service) == "STARTING"
    service.call("DELETE", f"{ORDERS}/faults")
    service.carry_on()
    assert status(service) == "RUNNING"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("looping_job", 1, "got looping_job 1, expected true or false"),
        ("looping_job", "true", "got looping_job 'true', expected true or false"),
        ("hanging_operations", None, "got hanging_operations None, expected true or false"),
        ("failing_snapshots", [], "got failing_snapshots [], expected true or false"),
        ("throttled_calls", True, "expected a whole number of calls from 0 to 1000000"),
        ("throttled_calls", 1.5, "expected a whole number of calls from 0 to 1000000"),
        ("throttled_calls", -1, "expected a whole number of calls from 0 to 1000000"),
        ("throttled_calls", 10**30, "expected a whole number of calls from 0 to 1000000"),
        ("throttled_calls", HOSTILE, HOSTILE),
        ("transition_seconds", True, "expected a number of seconds from 0 to 86400"),
        ("transition_seconds", -0.1, "expected a number of seconds from 0 to 86400"),
        ("transition_seconds", float("nan"), "expected a number of seconds from 0 to 86400"),
        ("transition_seconds", float("inf"), "expected a number of seconds from 0 to 86400"),
        ("transition_seconds", "5", "expected a number of seconds from 0 to 86400"),
        ("lost_job", True, "got the field 'lost_job', expected a JSON object with fields among failing_snapshots, "),
        (HOSTILE, True, "expected a JSON object with fields among failing_snapshots, "),
        ("\ud800", True, "expected a JSON object with fields among failing_snapshots, "),
    ],
)
def test_a_wrong_fault_is_refused_with_what_was_expected(
    unchanged: AdminService, field: str, value: object, expected: str
) -> None:
    answer = unchanged.call("PUT", f"{ORDERS}/faults", {"looping_job": True, field: value})
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert expected in answer.error
    assert unchanged.call("GET", f"{ORDERS}/faults").document == NO_FAULTS


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b'"looping_job"', b"\xff\xfe", b"[" * 60_000, b'{"a":' * 10_000, b"1" * 5_000],
)
def test_a_body_that_is_no_json_object_is_refused(unchanged: AdminService, content: bytes) -> None:
    answer = unchanged.call("PUT", f"{ORDERS}/faults", content=content)
    assert answer.status == 400
    assert "expected a JSON object with fields among failing_snapshots" in answer.error


def test_a_large_body_is_refused(unchanged: AdminService) -> None:
    answer = unchanged.call("PUT", f"{ORDERS}/faults", content=b" " * 70_000)
    assert (answer.status, answer.error) == (
        413,
        "got a body of more than 65536 bytes, expected a small JSON object",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON | st.dictionaries(st.sampled_from([*NO_FAULTS, "direction", "seconds"]), JSON, max_size=3))
def test_any_json_is_answered_and_never_with_a_failure(unchanged: AdminService, body: Any) -> None:
    for method, path in [("PUT", f"{ORDERS}/faults"), ("POST", f"{ORDERS}/scale"), ("PUT", "/_admin/iam-delay")]:
        assert unchanged.call(method, path, body).status in {200, 400, 409}
    unchanged.call("DELETE", f"{ORDERS}/faults")


# The application that is meant


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("GET", "faults"),
        ("PUT", "faults"),
        ("DELETE", "faults"),
        ("POST", "scale"),
        ("POST", "maintenance"),
        ("POST", "kill-task-manager"),
        ("POST", "dashboard"),
    ],
)
def test_an_application_that_does_not_exist_is_told_with_those_that_do(
    unchanged: AdminService, method: str, action: str
) -> None:
    body = {"direction": "up"} if action == "scale" else {}
    answer = unchanged.call(method, f"/_admin/applications/{HOSTILE.replace('/', '')}/{action}", body)
    assert answer.status == 404
    assert answer.error.endswith("expected one that exists: orders")


def test_without_any_application_the_error_says_how_to_create_one(service: AdminService) -> None:
    answer = service.call("GET", f"{ORDERS}/faults")
    assert answer.error == (
        "got application 'orders', expected one that exists: none yet: create one with CreateApplication"
    )


def test_the_error_lists_no_more_than_a_few_names(service: AdminService) -> None:
    for number in range(8):
        service.create(f"a{number}")
    assert service.call("GET", f"{ORDERS}/faults").error.endswith("exists: a0, a1, a2, a3, a4, and 3 more")


def test_a_name_in_two_regions_needs_the_region(service: AdminService) -> None:
    service.create("orders")
    service.create("orders", region="us-east-1")
    answer = service.call("PUT", f"{ORDERS}/faults", {"looping_job": True})
    assert answer.status == 409
    assert answer.error == (
        f"application 'orders' is in account {ACCOUNT}, Region eu-central-1; account {ACCOUNT}, Region us-east-1:"
        " add ?account= and &region= to the address"
    )
    assert service.msf.faults == {}
    assert service.call("PUT", f"{ORDERS}/faults?region=us-east-1", {"looping_job": True}).status == 200
    assert service.call("GET", f"{ORDERS}/faults?region=us-east-1").document["looping_job"] is True
    assert service.call("GET", f"{ORDERS}/faults?region={REGION}&account={ACCOUNT}").document == NO_FAULTS


def test_a_name_in_two_accounts_needs_the_account(service: AdminService) -> None:
    service.create("orders")
    service.create("orders", account="111122223333")
    assert service.call("GET", f"{ORDERS}/faults").status == 409
    assert service.call("GET", f"{ORDERS}/faults?account=111122223333").status == 200
    answer = service.call("GET", f"{ORDERS}/faults?account=999999999999")
    assert answer.status == 404
    assert (
        "but application 'orders' is in account 000000000000, Region eu-central-1; account 111122223333" in answer.error
    )


# What MSF does by itself


def test_scaling_doubles_the_parallelism_and_takes_it_back(service: AdminService) -> None:
    service.run("orders")
    answer = service.call("POST", f"{ORDERS}/scale", {"direction": "up"})
    assert answer.document == {
        "application": f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/orders",
        "status": "AUTOSCALING",
    }
    assert status(service) == "AUTOSCALING"
    service.carry_on()
    assert [launch.parallelism for _, launch in service.driver.launches] == [1, 2]
    service.call("POST", f"{ORDERS}/scale", {"direction": "down"})
    service.carry_on()
    assert [launch.parallelism for _, launch in service.driver.launches] == [1, 2, 1]
    assert status(service) == "RUNNING"


def test_scaling_below_the_configured_parallelism_is_refused(service: AdminService) -> None:
    service.run("orders")
    answer = service.call("POST", f"{ORDERS}/scale", {"direction": "down"})
    assert (answer.status, answer.document["error"]["code"]) == (409, "InvalidRequestException")
    assert "stays at parallelism 1" in answer.error


@pytest.mark.parametrize("body", [{}, {"direction": "sideways"}, {"direction": 1}, {"direction": ["up"]}])
def test_a_direction_that_is_none_is_refused(unchanged: AdminService, body: object) -> None:
    answer = unchanged.call("POST", f"{ORDERS}/scale", body)
    assert answer.status == 400
    assert "expected 'up' or 'down'" in answer.error


def test_maintenance_restarts_the_job_from_a_snapshot(service: AdminService) -> None:
    service.run("orders")
    assert service.call("POST", f"{ORDERS}/maintenance").document["status"] == "MAINTENANCE"
    service.carry_on()
    assert status(service) == "RUNNING"
    first, second = (launch for _, launch in service.driver.launches)
    assert (first.savepoint, second.savepoint is None) == (None, False)


@pytest.mark.parametrize(("action", "body"), [("maintenance", None), ("scale", {"direction": "up"})])
def test_an_application_that_does_not_run_is_not_restarted(unchanged: AdminService, action: str, body: object) -> None:
    answer = unchanged.call("POST", f"{ORDERS}/{action}", body)
    assert (answer.status, answer.document["error"]["code"]) == (409, "ResourceInUseException")
    assert answer.error == "Application orders must be RUNNING, it is READY"


def test_a_task_manager_is_killed(service: AdminService) -> None:
    service.run("orders")
    assert service.call("POST", f"{ORDERS}/kill-task-manager").document["status"] == "RUNNING"
    assert service.driver.observe(service.uid("orders")).restarts == 1


@pytest.mark.parametrize("action", ["kill-task-manager", "dashboard"])
def test_what_needs_a_job_is_refused_without_one(unchanged: AdminService, action: str) -> None:
    answer = unchanged.call("POST", f"{ORDERS}/{action}")
    assert (answer.status, answer.error) == (409, "application 'orders' is READY, and has no job: start it first")


def test_the_address_of_the_flink_page_is_the_drivers(service: AdminService) -> None:
    service.run("orders")
    assert service.call("POST", f"{ORDERS}/dashboard").document == {"url": "http://127.0.0.1:9/#/overview"}


def test_an_application_whose_flink_is_gone_has_no_page(service: AdminService) -> None:
    service.run("orders")
    service.driver.close()
    answer = service.call("POST", f"{ORDERS}/dashboard")
    assert answer.status == 409
    assert answer.error == "application 'orders' has no Flink pages now: try again once its job runs on Flink"


# Keys and permissions


def test_a_disabled_key_makes_a_start_fail_until_it_is_enabled(service: AdminService) -> None:
    service.create("orders", key=KEY)
    path = f"/_admin/keys/{KEY}/disabled"
    assert service.call("PUT", path).document == {"key": KEY, "disabled": True}
    with pytest.raises(RefusedCallError, match="is Disabled"):
        service.do("StartApplication", ApplicationName="orders")
    assert service.call("DELETE", path).document == {"key": KEY, "disabled": False}
    service.do("StartApplication", ApplicationName="orders")
    service.carry_on()
    assert status(service) == "RUNNING"


@pytest.mark.parametrize("given", ["1234abcd", KEY.replace(":key/", ":alias/"), HOSTILE, KEY + "/x", "%20"])
def test_a_key_that_is_no_arn_is_refused(unchanged: AdminService, given: str) -> None:
    answer = unchanged.call("PUT", f"/_admin/keys/{given}/disabled")
    assert answer.status == 400
    assert "expected the ARN of a KMS key, arn:aws:kms:<region>:<account>:key/<id>, got" in answer.error
    assert unchanged.policies.disabled_keys == frozenset()


def test_the_delay_of_permissions_is_set(service: AdminService) -> None:
    assert service.call("GET", "/_admin/iam-delay").document == {"seconds": 0.0}
    assert service.call("PUT", "/_admin/iam-delay", {"seconds": 7}).document == {"seconds": 7.0}
    assert service.policies.delay_seconds == 7.0


@pytest.mark.parametrize("body", [{}, {"seconds": -1}, {"seconds": 3601}, {"seconds": "7"}, {"seconds": True}])
def test_an_impossible_delay_is_refused(unchanged: AdminService, body: object) -> None:
    answer = unchanged.call("PUT", "/_admin/iam-delay", body)
    assert answer.status == 400
    assert "expected a number of seconds from 0 to 3600" in answer.error
    assert unchanged.policies.delay_seconds == 0


# The rest


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_admin/"),
        ("GET", "/_admin/states"),
        ("PUT", "/_admin/state"),
        ("GET", f"{ORDERS}/scale"),
        ("POST", f"{ORDERS}/faults"),
        ("DELETE", "/_admin/iam-delay"),
        ("GET", f"/_admin/{quote(HOSTILE)}"),
    ],
)
def test_an_unknown_route_is_told_with_those_that_exist(unchanged: AdminService, method: str, path: str) -> None:
    answer = unchanged.call(method, path, {})
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert f"got {method} " in answer.error
    assert "GET /_admin/events, DELETE /_admin/applications/{name}/faults, " in answer.error
    assert "PUT /_admin/keys/{arn}/disabled" in answer.error


def test_a_hostile_text_comes_back_as_json_and_not_as_html(unchanged: AdminService) -> None:
    answer = unchanged.call("PUT", f"{ORDERS}/faults", {HOSTILE: 1})
    assert HOSTILE in answer.error
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
