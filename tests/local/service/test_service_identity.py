"""Signatures: whose they are, what they cover, and when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdk_penstock.local.service.credentials import Credential, Credentials, Principal, unique_id, user
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.request_head import RequestHead
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.raw_http import Raw, api_request

if TYPE_CHECKING:
    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

# The examples of S3's documentation, "Signature Calculations for the Authorization Header".
DOCUMENTED = user(access_key_id="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
DOCUMENTED_TIME = datetime(2013, 5, 24, tzinfo=UTC)
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
HEADER_EXAMPLE = RequestHead(
    method="GET",
    path="/test.txt",
    query="",
    headers=(
        ("host", "examplebucket.s3.amazonaws.com"),
        (
            "authorization",
            (
                f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
        ),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", NOTHING),
        ("x-amz-date", "20130524T000000Z"),
    ),
)
QUERY_EXAMPLE = RequestHead(
    method="GET",
    path="/test.txt",
    query=f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={quote(SCOPE, safe='')}&X-Amz-Date=20130524T000000Z"
    "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    headers=(("host", "examplebucket.s3.amazonaws.com"),),
)


def identity(time: datetime = DOCUMENTED_TIME, credential: Credential = DOCUMENTED) -> Identity:
    return Identity(Credentials(credential), clock=lambda: time)


def refusal(head: RequestHead, time: datetime = DOCUMENTED_TIME, payload_hash: str = NOTHING) -> RefusedCallError:
    with pytest.raises(RefusedCallError) as refused:
        identity(time).authenticate(head, payload_hash=payload_hash, service="s3")
    return refused.value


def test_the_documented_signatures_are_right() -> None:
    in_header = identity().authenticate(HEADER_EXAMPLE, payload_hash=NOTHING, service="s3")
    assert in_header.caller.region == "us-east-1"
    assert in_header.caller.principal_arn == DOCUMENTED.principal.arn
    in_query = identity().authenticate(QUERY_EXAMPLE, payload_hash="UNSIGNED-PAYLOAD", service="s3")
    assert in_query.credential == DOCUMENTED


@pytest.mark.parametrize(
    "changed",
    [
        replace(HEADER_EXAMPLE, method="PUT"),
        replace(HEADER_EXAMPLE, path="/test.tx"),
        replace(HEADER_EXAMPLE, query="versionId=1"),
        replace(HEADER_EXAMPLE, headers=tuple(h for h in HEADER_EXAMPLE.headers if h[0] != "range")),
        replace(HEADER_EXAMPLE, headers=(*HEADER_EXAMPLE.headers, ("range", "bytes=0-9"))),
        replace(HEADER_EXAMPLE, headers=(("host", "elsewhere"), *HEADER_EXAMPLE.headers[1:])),
    ],
)
def test_a_signature_covers_the_request(changed: RequestHead) -> None:
    assert refusal(changed).code is RefusalCode.INVALID_SIGNATURE
    assert "does not match" in str(refusal(changed))


def test_a_signature_covers_the_body() -> None:
    assert refusal(HEADER_EXAMPLE, payload_hash="0" * 64).code is RefusalCode.INVALID_SIGNATURE


def test_a_signature_does_not_cover_headers_that_it_does_not_name() -> None:
    more = replace(HEADER_EXAMPLE, headers=(*HEADER_EXAMPLE.headers, ("user-agent", "a proxy changes it")))
    assert identity().authenticate(more, payload_hash=NOTHING, service="s3")


@pytest.mark.parametrize(
    ("head", "minutes", "problem"),
    [
        (HEADER_EXAMPLE, 15, ""),
        (HEADER_EXAMPLE, -15, ""),
        (HEADER_EXAMPLE, 15.1, "Signature expired"),
        (HEADER_EXAMPLE, -15.1, "Signature not yet current"),
        (QUERY_EXAMPLE, 24 * 60, ""),
        (QUERY_EXAMPLE, 24 * 60 + 0.1, "Signature expired"),
        (QUERY_EXAMPLE, -15.1, "Signature not yet current"),
    ],
)
def test_a_signature_holds_for_a_time(head: RequestHead, minutes: float, problem: str) -> None:
    time = DOCUMENTED_TIME + timedelta(minutes=minutes)
    payload_hash = NOTHING if head is HEADER_EXAMPLE else "UNSIGNED-PAYLOAD"
    if problem:
        assert problem in str(refusal(head, time, payload_hash))
    else:
        assert identity(time).authenticate(head, payload_hash=payload_hash, service="s3")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", "the algorithm must be AWS4-HMAC-SHA256"),
        ("Credential=", "Cred=", "no 'Credential'"),
        ("SignedHeaders=host;", "SignedHeaders=", "'host' must be a signed header"),
        ("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date", "SignedHeaders=", "no 'SignedHeaders'"),
        ("/s3/aws4_request", "/s3/aws3_request", "Credential must be"),
        ("/us-east-1/", "/nowhere/", "Credential must be"),
        ("/s3/", "/sts/", "scoped to correct service: 's3'"),
        ("/20130524/", "/20130525/", "on the date of the Credential"),
        ("Signature=f0", "Signature=", "does not match"),
        ("Signature=f0", "Signature=\u00e9", "does not match"),
    ],
)
def test_a_signature_that_is_not_well_formed_is_refused(old: str, new: str, problem: str) -> None:
    headers = dict(HEADER_EXAMPLE.headers)
    assert old in headers["authorization"]
    headers["authorization"] = headers["authorization"].replace(old, new)
    refused = refusal(replace(HEADER_EXAMPLE, headers=tuple(headers.items())))
    assert refused.code is RefusalCode.INVALID_SIGNATURE
    assert problem in str(refused)


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "", "1.5", "\u0661"])
def test_a_presigned_url_holds_for_a_week_at_most(expires: str) -> None:
    query = QUERY_EXAMPLE.query.replace("X-Amz-Expires=86400", f"X-Amz-Expires={quote(expires)}")
    assert "X-Amz-Expires must be" in str(refusal(replace(QUERY_EXAMPLE, query=query)))


@pytest.mark.parametrize("time", ["20131301T000000Z", "20130524T250000Z"])
def test_a_time_that_does_not_exist_is_refused(time: str) -> None:
    headers = dict(HEADER_EXAMPLE.headers) | {"x-amz-date": time}
    headers["authorization"] = headers["authorization"].replace("20130524", time[:8])
    assert "X-Amz-Date must be a time" in str(refusal(replace(HEADER_EXAMPLE, headers=tuple(headers.items()))))


def session(endpoint: Endpoint, *, seconds: float) -> Credential:
    arn = "arn:aws:sts::000000000000:assumed-role/operator/me"
    principal = Principal(arn=arn, account="000000000000", user_id="AROA:me")
    return endpoint.identity.credentials.issue(principal, expires_at=endpoint.clock() + timedelta(seconds=seconds))


def error_of(served: Served, credential: Credential) -> str:
    with pytest.raises(ClientError) as caught:
        served.client("kinesisanalyticsv2", credential).list_applications()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Code"])


def test_a_key_that_is_unknown_or_has_another_secret_is_refused(endpoint: Endpoint, served: Served) -> None:
    assert error_of(served, user()) == "UnrecognizedClientException"
    assert error_of(served, replace(served.credential, secret_access_key="other")) == "InvalidSignatureException"
    assert not endpoint.operations.calls


def test_a_call_without_a_signature_is_refused(endpoint: Endpoint, served: Served) -> None:
    assert api_request(served.url, "ListApplications").send().error == "MissingAuthenticationTokenException"
    bearer = api_request(served.url, "ListApplications")
    bearer.headers["Authorization"] = "Bearer token"
    assert bearer.send().error == "InvalidSignatureException"
    assert not endpoint.operations.calls


def test_a_session_calls_as_its_role_until_it_ends(endpoint: Endpoint, served: Served) -> None:
    endpoint.operations.answer = lambda _name, _parameters: {"ApplicationSummaries": []}
    credential = session(endpoint, seconds=900)
    served.client("kinesisanalyticsv2", credential).list_applications()
    assert endpoint.operations.calls[0][2].principal_arn == credential.principal.arn
    ended = session(endpoint, seconds=-1)
    assert error_of(served, ended) == "ExpiredTokenException"


def test_a_session_needs_its_token_and_a_user_has_none(endpoint: Endpoint, served: Served) -> None:
    credential = session(endpoint, seconds=900)
    for wrong in (
        replace(credential, session_token=""),
        replace(credential, session_token="other"),
        replace(served.credential, session_token=credential.session_token),
    ):
        assert error_of(served, wrong) == "UnrecognizedClientException"


def test_a_body_that_was_changed_after_it_was_signed_is_refused(endpoint: Endpoint, served: Served) -> None:
    changed = api_request(served.url, "ListApplications", b'{"Limit": 1}').signed(served.credential)
    changed.body = b'{"Limit": 2}'
    assert changed.send().error == "InvalidSignatureException"
    # Other SDKs send the hash as a header, which must be that of the body as well.
    for announced, error in (("0" * 64, "InvalidSignatureException"), ("UNSIGNED-PAYLOAD", "")):
        request = api_request(served.url, "ListApplications")
        request.headers["X-Amz-Content-SHA256"] = announced
        endpoint.operations.answer = lambda _name, _parameters: {"ApplicationSummaries": []}
        assert request.signed(served.credential).send().error == error
    assert len(endpoint.operations.calls) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9), max_size=3),
    value=st.text(max_size=9),
)
def test_any_path_and_query_that_botocore_signs_is_verified(
    endpoint: Endpoint, served: Served, names: list[str], value: str
) -> None:
    path = quote("/".join(["", "bucket", *names]), safe="/~")
    query = f"?prefix={quote(value.encode('utf-8', 'surrogatepass'), safe='-._~')}&list-type=2"
    for in_query in (False, True):
        request = Raw("GET", f"{served.url}{path}{query}").signed(served.credential, "s3", in_query=in_query)
        assert b"SignatureDoesNotMatch" not in request.send().body


def test_ids_have_the_form_of_those_of_iam() -> None:
    generated = user()
    assert generated.access_key_id.startswith("AKIA")
    assert len(generated.access_key_id) == 20
    assert len(generated.secret_access_key) == 40
    assert generated.access_key_id != user().access_key_id
    assert unique_id("AROA", "arn:1") == unique_id("AROA", "arn:1") != unique_id("AROA", "arn:2")
    assert generated.secret_access_key not in repr(generated)
