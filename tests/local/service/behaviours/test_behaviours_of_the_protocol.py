"""MSF's behaviours: requests and answers. The sources are named as in the tests of creation."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ParamValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local.service.msf_account import MsfAccount

BEFORE_SIGNING, AFTER_SIGNING, ANSWERED = (
    f"{moment}.kinesis-analytics-v2" for moment in ("before-call", "before-send", "after-call")
)


@contextmanager
def hooked(account: MsfAccount, moment: str, change: Callable[..., None]) -> Iterator[None]:
    """Let boto3 call a function at each request."""
    events = account.msf.meta.events
    events.register(moment, change)
    try:
        yield
    finally:
        events.unregister(moment, change)


def with_target(target: str) -> Callable[..., None]:
    """Return a function that gives a request another target."""

    def change(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Amz-Target"] = target

    return change


def with_body(document: Any) -> Callable[..., None]:
    """Return a function that gives a request another body."""

    def change(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(document).encode()

    return change


@pytest.mark.source("report")
@pytest.mark.parametrize("target", ["KinesisAnalytics_20180523.Nonsense", "Nonsense_20180523.ListApplications"])
def test_an_operation_that_does_not_exist_is_refused(account: MsfAccount, target: str) -> None:
    with hooked(account, BEFORE_SIGNING, with_target(target)), account.refused("UnknownOperationException"):
        account.msf.list_applications()


@pytest.mark.source("M", "I")
@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.pop("RuntimeEnvironment"),
        lambda request: request.update(Nonsense="x"),
        lambda request: request.update(ApplicationConfiguration={"Nonsense": {}}),
    ],
    ids=["a member is missing", "a member is unknown", "a member of a member is unknown"],
)
def test_members_that_the_api_does_not_have_are_refused(
    account: MsfAccount, change: Callable[[dict[str, Any]], object]
) -> None:
    request = {
        "ApplicationName": account.name,
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": account.role,
    }
    changed = dict(request)
    change(changed)
    with pytest.raises(ParamValidationError):
        account.msf.create_application(**changed)
    # boto3 refuses it before it is sent; so does the service.
    with hooked(account, BEFORE_SIGNING, with_body(changed)), account.refused("InvalidArgumentException"):
        account.msf.create_application(**request)
    assert account.applications() == []


@pytest.mark.source("M", "I")
@pytest.mark.parametrize("value", [["x"], {"x": "x"}, 7])
def test_a_member_of_another_type_is_refused(account: MsfAccount, value: object) -> None:
    with (
        hooked(account, BEFORE_SIGNING, with_body({"ApplicationName": value})),
        account.refused("InvalidArgumentException"),
    ):
        account.describe()


@pytest.mark.source("M")
def test_names_and_numbers_have_their_limits(account: MsfAccount) -> None:
    account.create()
    url = {"ApplicationName": account.name, "UrlType": "FLINK_DASHBOARD_URL"}
    for operation, given in (
        ("create_application_presigned_url", {**url, "UrlType": "NOPE"}),
        ("create_application_presigned_url", {**url, "SessionExpirationDurationInSeconds": 99_999_999}),
        ("describe_application", {"ApplicationName": "a name"}),
        ("describe_application", {"ApplicationName": "a" * 129}),
        ("list_applications", {"NextToken": "a token"}),
    ):
        with account.refused("InvalidArgumentException"):
            getattr(account.msf, operation)(**given)


@pytest.mark.source("M")
def test_every_error_is_an_answer_400_of_a_class_that_boto3_knows(account: MsfAccount) -> None:
    with pytest.raises(account.msf.exceptions.ResourceNotFoundException) as refused:
        account.describe()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.source("report")
def test_times_are_numbers_of_seconds_and_answers_have_an_id(account: MsfAccount) -> None:
    account.create()
    seen: list[Any] = []

    def keep(http_response: Any, **_: Any) -> None:
        seen.append((json.loads(http_response.content), http_response.headers))

    with hooked(account, ANSWERED, keep):
        answer = account.msf.describe_application(ApplicationName=account.name)
    ((document, headers),) = seen
    created_at = document["ApplicationDetail"]["CreateTimestamp"]
    assert isinstance(created_at, float | int)
    assert created_at == pytest.approx(answer["ApplicationDetail"]["CreateTimestamp"].timestamp(), abs=1e-3)
    assert re.fullmatch("[0-9a-f-]{36}", headers["x-amzn-RequestId"])


@pytest.mark.source("report")
def test_a_signature_that_is_wrong_is_refused(account: MsfAccount) -> None:
    def spoil(request: Any, **_: Any) -> None:
        signed = request.headers["Authorization"]
        signed = signed.decode() if isinstance(signed, bytes) else signed
        request.headers["Authorization"] = signed[:-1] + ("0" if signed[-1] != "0" else "1")

    with hooked(account, AFTER_SIGNING, spoil), account.refused("InvalidSignatureException"):
        account.msf.list_applications()


@pytest.mark.source("report")
def test_a_call_without_a_signature_is_refused(account: MsfAccount) -> None:
    def strip(request: Any, **_: Any) -> None:
        del request.headers["Authorization"]

    with hooked(account, AFTER_SIGNING, strip), account.refused("MissingAuthenticationTokenException"):
        account.msf.list_applications()


@pytest.mark.source("report")
def test_an_unknown_access_key_is_refused(account: MsfAccount) -> None:
    unknown = account.connect(aws_access_key_id="AKIAAAAAAAAAAAAAAAAA", aws_secret_access_key="x")
    with account.refused("UnrecognizedClientException"):
        unknown.list_applications()
