"""The HTTP side of the API: targets, answers, errors, failures, and what stands beside it on the port."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from cdk_penstock import local
from cdk_penstock.local.service.api import Api
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.raw_http import Answer, Raw, api_request
from tests.local.service.serving import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

DETAIL = {
    "ApplicationARN": "arn:aws:kinesisanalytics:eu-west-1:000000000000:application/orders",
    "ApplicationName": "orders",
    "RuntimeEnvironment": "FLINK-1_20",
    "ApplicationStatus": "READY",
    "ApplicationVersionId": 1,
}
LOCAL = Path(local.__file__).parent
NOON = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def raising(error: Exception) -> Any:
    def answer(_operation: str, _parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        raise error

    return answer


def test_a_call_of_boto3_reaches_its_operation_with_the_caller(endpoint: Endpoint, served: Served) -> None:
    endpoint.operations.answer = lambda _name, _parameters: {"ApplicationDetail": {**DETAIL, "CreateTimestamp": NOON}}
    answer = served.client("kinesisanalyticsv2").describe_application(ApplicationName="orders")
    assert answer["ApplicationDetail"]["CreateTimestamp"] == NOON
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    ((operation, parameters, caller),) = endpoint.operations.calls
    assert (operation, parameters) == ("DescribeApplication", {"ApplicationName": "orders"})
    assert (caller.account, caller.region) == ("000000000000", REGION)
    assert caller.principal_arn == "arn:aws:iam::000000000000:user/penstock"


@pytest.mark.parametrize(
    "code", [RefusalCode.RESOURCE_NOT_FOUND, RefusalCode.RESOURCE_IN_USE, RefusalCode.ACCESS_DENIED]
)
def test_a_refusal_is_an_error_that_boto3_knows_by_its_name(
    endpoint: Endpoint, served: Served, code: RefusalCode
) -> None:
    endpoint.operations.answer = raising(RefusedCallError(code, "no, because of ü"))
    client = served.client("kinesisanalyticsv2")
    with pytest.raises(ClientError) as caught:
        client.describe_application(ApplicationName="orders")
    assert caught.value.response["Error"] == {"Code": code, "Message": "no, because of ü"}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    if code is not RefusalCode.ACCESS_DENIED:
        assert type(caught.value) is getattr(client.exceptions, code)


def test_an_error_has_its_message_under_both_names_and_a_request_id(served: Served) -> None:
    answer = api_request(served.url, "DescribeApplication").signed(served.credential).send()
    content = json.loads(answer.body)
    assert set(content) == {"__type", "message", "Message"}
    assert content["message"] == content["Message"]
    assert answer.status == 400
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    "target",
    [
        "KinesisAnalytics_20180523.Nonsense",
        "KinesisAnalytics_20150814.ListApplications",
        "ListApplications",
        "",
        ".",
        "ä",
    ],
)
def test_a_target_that_the_api_does_not_have_is_refused(endpoint: Endpoint, served: Served, target: str) -> None:
    request = Raw("POST", f"{served.url}/", {"X-Amz-Target": target}, b"{}")
    assert request.signed(served.credential).send().error == "UnknownOperationException"
    assert not endpoint.operations.calls


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused(served: Served, method: str) -> None:
    request = api_request(served.url, "ListApplications")
    request.method = method
    answer = request.signed(served.credential).send()
    assert (answer.status, answer.error) == (400, "UnknownOperationException")


def test_a_signed_call_without_a_target_is_refused(served: Served) -> None:
    answer = Raw("POST", f"{served.url}/", {}, b"{}").signed(served.credential).send()
    assert answer.error == "UnknownOperationException"


@pytest.mark.parametrize(
    "failure",
    [
        KeyError("a secret detail"),
        PenstockError("a secret detail"),
        RecursionError("a secret detail"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "a secret detail"),
    ],
)
def test_a_failure_is_in_the_log_and_not_in_the_answer(
    endpoint: Endpoint, served: Served, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.operations.answer = raising(failure)
    with caplog.at_level(logging.ERROR):
        answer = api_request(served.url, "ListApplications").signed(served.credential).send()
    request_id = answer.headers["x-amzn-requestid"]
    assert (answer.status, answer.error) == (500, "InternalFailure")
    assert request_id in json.loads(answer.body)["message"]
    assert b"secret" not in answer.body
    (record,) = caplog.records
    assert request_id in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


@pytest.mark.parametrize("answer", [{}, {"ApplicationDetail": {}}, {"ApplicationDetail": DETAIL, "More": 1}, None])
def test_an_answer_that_the_model_does_not_allow_is_an_internal_failure(
    endpoint: Endpoint, served: Served, answer: Any
) -> None:
    endpoint.operations.answer = lambda _name, _parameters: answer
    request = api_request(served.url, "DescribeApplication", b'{"ApplicationName": "a"}')
    assert request.signed(served.credential).send().error == "InternalFailure"


def test_a_body_that_is_too_large_is_refused(
    endpoint: Endpoint, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Api, "most_bytes", 1000)
    for size, error in ((900, ""), (1001, "InvalidRequestException"), (100_000, "InvalidRequestException")):
        request = api_request(served.url, "ListApplications", b'{"Limit": 1}'.ljust(size))
        endpoint.operations.answer = lambda _name, _parameters: {"ApplicationSummaries": []}
        assert request.signed(served.credential).send().error == error


def test_an_operation_that_blocks_does_not_hold_up_others(endpoint: Endpoint, served: Served) -> None:
    held, answers = threading.Event(), list[Answer]()

    def answer(_operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameters.get("Limit") == 1:
            assert held.wait(20)
        return {"ApplicationSummaries": []}

    endpoint.operations.answer = answer
    first = api_request(served.url, "ListApplications", b'{"Limit": 1}').signed(served.credential)
    thread = threading.Thread(target=lambda: answers.append(first.send()))
    thread.start()
    while not endpoint.operations.calls:
        time.sleep(0.005)
    second = api_request(served.url, "ListApplications", b'{"Limit": 2}').signed(served.credential)
    assert second.send().status == 200
    assert not answers
    held.set()
    thread.join(20)
    assert answers[0].status == 200


def test_a_client_that_goes_away_in_the_middle_does_no_harm(
    endpoint: Endpoint, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(served.url)
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        target = b"X-Amz-Target: KinesisAnalytics_20180523.ListApplications"
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + target + b"\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.1)
    time.sleep(0.1)
    assert not endpoint.operations.calls
    assert not caplog.records


def test_pages_are_beside_the_services(endpoint: Endpoint, served: Served) -> None:
    assert Raw("GET", f"{served.url}/").send().body == b"a page"
    assert Raw("GET", f"{served.url}/_admin/health").send().body == b"healthy"
    # A browser may send anything in its headers there.
    assert Raw("GET", f"{served.url}/_admin/health", {"X-Amz-Target": "x"}).send().body == b"healthy"
    signed = Raw("GET", f"{served.url}/").signed(served.credential, "s3").send()
    assert b"<ListAllMyBucketsResult " in signed.body
    # An object of a bucket that is in the host may have any key.
    headers = {"Host": "a-bucket.localhost"}
    signed = Raw("GET", f"{served.url}/_admin/health", headers).signed(served.credential, "s3").send()
    assert b"<Code>NoSuchBucket</Code>" in signed.body


def test_what_no_route_takes_is_refused_by_the_service_that_it_looks_like(served: Served) -> None:
    unsigned = Raw("POST", f"{served.url}/", {}, b"{}").send()
    assert (unsigned.status, unsigned.error) == (400, "UnknownOperationException")
    s3 = Raw("GET", f"{served.url}/bucket/key").send()
    assert (s3.status, b"<Code>AccessDenied</Code>" in s3.body) == (403, True)
    other = Raw("POST", f"{served.url}/", {}, b"{}").signed(served.credential, "dynamodb").send()
    assert other.error == "UnknownOperationException"


def test_only_the_service_and_the_demonstration_on_it_need_the_web_framework() -> None:
    with_it = (LOCAL / "service", LOCAL / "demo")
    others = [path for path in LOCAL.rglob("*.py") if not any(path.is_relative_to(folder) for folder in with_it)]
    without = ["object_store", "policy_source", "identity", "shapes"]
    files = [*others, *(LOCAL / "service" / f"{name}.py" for name in without)]
    names = [".".join(path.relative_to(LOCAL.parents[1]).with_suffix("").parts) for path in files]
    loaded = "bool({'starlette', 'uvicorn'} & set(sys.modules))"
    program = f"import sys; [__import__(name) for name in {names!r}]; sys.exit({loaded})"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert len(others) > 30
    assert done.returncode == 0, done.stderr
