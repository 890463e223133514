"""Every Lambda function that the library carries waits for what passes by itself, whatever its handler forgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.client
import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.loaders import create_loader

import cdk_penstock.handlers
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.custom_resources.grafana_content_resource import GrafanaContentResource
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.custom_resources.search_content_resource import SearchContentResource
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource
from cdk_penstock.model.search_content import Content
from tests.control.fake_aws import APPLICATION, KEY_1, OPERATOR, STACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties

KEY = ApplicationKeyResource(application_name=APPLICATION, operator_role_arn=OPERATOR, key_arn=KEY_1)
START = VerifiedStartResource(
    application_name=APPLICATION, operator_role_arn=OPERATOR, expected_key_arn=KEY_1, force_stop_after_seconds=900
)
KEPT = KeptParallelismResource(
    application_name=APPLICATION, operator_role_arn=OPERATOR, parallelism=4, parallelism_per_kpu=1, max_kpus=64
)
RESOURCES: dict[str, tuple[CustomResourceProperties, ...]] = {
    "application_handler": (KEY, START, KEPT),
    "application_key_handler": (KEY,),
    "verified_start_handler": (START,),
    "grafana_content_handler": (
        GrafanaContentResource(workspace_id="g-1", folder_uid="f", folder_title="F", mark="penstock:f"),
    ),
    "kafka_bootstrap_brokers_handler": (
        KafkaBootstrapBrokersResource(cluster_arn="arn:aws:kafka:eu-central-1:111122223333:cluster/fleet/1"),
    ),
    "kept_parallelism_handler": (KEPT,),
    "search_content_handler": (
        SearchContentResource.of(
            Content(),
            endpoint="search.example.com",
            master_role_arn="arn:aws:iam::111122223333:role/master",
            content_id="clicks",
        ),
    ),
}
"""The resources of each handler: a new handler without an entry fails ``test_every_handler_is_looked_at``."""


def handlers() -> list[str]:
    """Return the modules that have entry points, found rather than listed."""
    folder = Path(cdk_penstock.handlers.__path__[0])
    names = sorted(path.stem for path in folder.glob("*.py"))
    return [name for name in names if hasattr(import_module(f"cdk_penstock.handlers.{name}"), "is_complete")]


CASES = [(name, resource) for name in handlers() for resource in RESOURCES[name]]


def refused(code: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": f"{code}: try"}, "ResponseMetadata": metadata}, "Operation")


PERMISSION = {
    "denied": refused("AccessDeniedException", 403),
    "denied by STS": refused("AccessDenied", 403),
    "denied by EC2": refused("UnauthorizedOperation", 403),
}
BUSY = {
    "throttled": refused("ThrottlingException", 400),
    "throttled by MSK": refused("TooManyRequestsException", 429),
    "server error": refused("InternalServerErrorException", 500),
    "unavailable": refused("ServiceUnavailableException", 503),
}
UNREACHABLE = {
    "no connection": EndpointConnectionError(endpoint_url="https://example.com"),
    "time-out": ConnectTimeoutError(endpoint_url="https://example.com"),
}
FOR_GOOD = {
    "bad request": refused("ValidationException", 400),
    "not found": refused("NoSuchThingException", 404),
}


LOADER = create_loader()


class Time:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.calls = 0

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    defaults = Clock.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "now", lambda: time.now)
    monkeypatch.setitem(defaults, "sleep", time.sleep)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    # Each call makes a session, which would read the models of its services again.
    monkeypatch.setattr(botocore.session, "create_loader", lambda _path: LOADER)
    return time


@pytest.fixture
def fail(time: Time, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Return a function that lets every call of every client of boto3 fail."""

    def fail_with(error: Exception) -> None:
        def call(_client: object, _operation: str, _request: object) -> None:
            time.calls += 1
            raise error

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)

    return fail_with


def event(resource: CustomResourceProperties, request_type: str = "Delete") -> dict[str, Any]:
    return {
        "RequestType": request_type,
        "ResourceType": resource.resource_type,
        "StackId": STACK,
        "PhysicalResourceId": "" if request_type == "Create" else "made",
        "ResourceProperties": resource.to_properties(),
    }


def polls(name: str, resource: CustomResourceProperties, time: Time, *moments: float) -> list[dict[str, Any]]:
    """Return the answers to polls, each as many seconds after on_event, or later where the one before takes longer."""
    module = import_module(f"cdk_penstock.handlers.{name}")
    # An update needs each handler's own calls, a deletion may need none.
    sent = event(resource, "Update") | {"StartedAt": str(int(time.now.timestamp()))}
    begin = time.now
    answers = []
    for each in moments:
        time.now = max(time.now, begin + timedelta(seconds=each))
        answers.append(module.is_complete(sent, None))
    return answers


def test_every_handler_is_looked_at() -> None:
    assert set(handlers()) == set(RESOURCES)


@pytest.mark.parametrize(("name", "resource"), CASES)
@pytest.mark.parametrize("trouble", [(PERMISSION, 180), (UNREACHABLE, 900)], ids=["permission", "reach"])
def test_a_missing_permission_and_what_is_out_of_reach_are_waited_for_and_then_reported(
    name: str,
    resource: CustomResourceProperties,
    trouble: tuple[dict[str, Exception], float],
    time: Time,
    fail: Callable[[Exception], None],
) -> None:
    errors, lasts_seconds = trouble
    for error in errors.values():
        fail(error)
        assert polls(name, resource, time, lasts_seconds - 90) == [{"IsComplete": False}]
        with pytest.raises(ControlError):
            polls(name, resource, time, lasts_seconds)
    assert time.calls >= 2 * len(errors)


@pytest.mark.parametrize(("name", "resource"), CASES)
def test_throttling_and_trouble_inside_aws_are_waited_for_as_long_as_cloudformation_waits(
    name: str, resource: CustomResourceProperties, time: Time, fail: Callable[[Exception], None]
) -> None:
    for error in BUSY.values():
        fail(error)
        assert polls(name, resource, time, 20, 51 * 60) == [{"IsComplete": False}] * 2


@pytest.mark.parametrize(("name", "resource"), CASES)
def test_what_does_not_pass_is_reported_at_once(
    name: str, resource: CustomResourceProperties, time: Time, fail: Callable[[Exception], None]
) -> None:
    for error in FOR_GOOD.values():
        fail(error)
        begin = time.now
        with pytest.raises((ControlError, ClientError)):
            polls(name, resource, time, 20)
        assert (time.now - begin).total_seconds() == 20


@pytest.mark.parametrize("resource", [KEY, START])
@pytest.mark.parametrize("error", [PERMISSION["denied"], BUSY["throttled"], UNREACHABLE["time-out"]])
def test_the_first_call_waits_in_place_for_less_than_a_function_lives(
    resource: CustomResourceProperties, error: Exception, time: Time, fail: Callable[[Exception], None]
) -> None:
    fail(error)
    begin = time.now
    with pytest.raises(ControlError):
        import_module("cdk_penstock.handlers.application_handler").on_event(event(resource, "Create"), None)
    assert 180 <= (time.now - begin).total_seconds() < 480


def test_the_first_call_goes_on_when_the_trouble_has_passed(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(_client: object, operation: str, _request: object) -> Any:
        time.calls += 1
        if time.calls < 4:
            raise BUSY["throttled by MSK"]
        assert operation == "AssumeRole"
        raise FOR_GOOD["bad request"]

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    with pytest.raises(ControlError, match="ValidationException"):
        import_module("cdk_penstock.handlers.verified_start_handler").on_event(event(START, "Create"), None)
    assert time.calls == 4


@pytest.mark.parametrize(("name", "resource"), CASES)
def test_nobody_waits_after_cloudformation_has_given_up(
    name: str, resource: CustomResourceProperties, time: Time
) -> None:
    sent = event(resource) | {"StartedAt": str(int(time.now.timestamp()))}
    time.sleep(52 * 60)
    with pytest.raises(Exception, match="gave up on Delete after 52 minutes"):
        import_module(f"cdk_penstock.handlers.{name}").is_complete(sent, None)
