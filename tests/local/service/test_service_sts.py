"""STS: sessions of roles, and the caller's identity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from cdk_penstock.local.service.credentials import Credential, Principal, user
from tests.local.service.raw_http import Raw

if TYPE_CHECKING:
    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

ROLE = "arn:aws:iam::123456789012:role/teams/operator"
ASSUMED = "arn:aws:sts::123456789012:assumed-role/operator/me"


def assume(served: Served, credential: Credential | None = None, **parameters: Any) -> Credential:
    """Return the credential of a new session."""
    answer = served.client("sts", credential).assume_role(**{"RoleArn": ROLE, "RoleSessionName": "me", **parameters})
    keys = answer["Credentials"]
    return Credential(
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
        expires_at=keys["Expiration"],
        principal=Principal(arn=answer["AssumedRoleUser"]["Arn"], account="", user_id=""),
    )


def error(served: Served, credential: Credential | None = None, **parameters: Any) -> tuple[int, str, str]:
    """Return status, code and message of a refused AssumeRole."""
    with pytest.raises(ClientError) as caught:
        assume(served, credential, **parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["RequestId"]
    found = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], found["Code"], found["Message"]


def test_the_user_is_identified(served: Served) -> None:
    identity = served.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:user/penstock"
    assert identity["Account"] == "000000000000"
    assert identity["UserId"].startswith("AIDA")
    assert identity["ResponseMetadata"]["RequestId"]


def test_a_session_is_that_of_its_role(endpoint: Endpoint, served: Served) -> None:
    session = assume(served)
    assert session.principal.arn == ASSUMED
    assert session.access_key_id.startswith("ASIA")
    assert session.expires_at is not None
    assert timedelta(seconds=3590) < session.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    identity = served.client("sts", session).get_caller_identity()
    assert (identity["Arn"], identity["Account"]) == (ASSUMED, "123456789012")
    assert identity["UserId"].endswith(":me")
    endpoint.operations.answer = lambda _name, _parameters: {"ApplicationSummaries": []}
    served.client("kinesisanalyticsv2", session).list_applications()
    assert endpoint.operations.calls[0][2].principal_arn == ASSUMED
    assert endpoint.operations.calls[0][2].account == "123456789012"
    kept = endpoint.sessions.get(session.access_key_id)
    assert kept is not None
    assert kept.expires_at == session.expires_at


def test_a_session_ends(endpoint: Endpoint, served: Served) -> None:
    # A signature may be fifteen minutes late, a presigned one as late as it says.
    url = served.client("sts", assume(served, DurationSeconds=900)).generate_presigned_url("get_caller_identity")
    endpoint.clock.moved_seconds = 890
    assert Raw("POST", url).send().status == 200
    endpoint.clock.moved_seconds = 901
    answer = Raw("POST", url).send()
    assert (answer.status, b"<Code>ExpiredToken</Code>" in answer.body) == (403, True)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_presigned_identity_is_that_of_its_signer(served: Served, method: str) -> None:
    url = served.client("sts").generate_presigned_url("get_caller_identity", HttpMethod=method)
    answer = Raw(method, url).send()
    assert answer.status == 200
    assert b"<Arn>arn:aws:iam::000000000000:user/penstock</Arn>" in answer.body


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"RoleArn": "arn:aws:iam::123456789012:user/somebody"}, "expected the ARN of a role"),
        ({"RoleArn": "arn:aws:iam::12345678901:role/operator"}, "expected the ARN of a role"),
        ({"RoleArn": "a" * 21}, "expected the ARN of a role"),
        ({"RoleArn": "a" * 2049}, "'roleArn' failed to satisfy constraint: Member must have length less than"),
        (
            {"RoleSessionName": "a b"},
            "'roleSessionName' failed to satisfy constraint: Member must satisfy regular expr",
        ),
        (
            {"RoleSessionName": "é" * 3},
            "'roleSessionName' failed to satisfy constraint: Member must satisfy regular ex",
        ),
        ({"RoleSessionName": "a" * 65}, "less than or equal to 64"),
        (
            {"DurationSeconds": 43_201},
            "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have v",
        ),
        ({"Policy": "{}"}, "Policy is not supported by this local STS"),
        ({"SourceIdentity": "somebody"}, "SourceIdentity is not supported by this local STS"),
        ({"Tags": [{"Key": "k", "Value": "v"}]}, "'Tags.member.1.Key' failed to satisfy"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}, "PolicyArns.member.1.arn"),
    ],
)
def test_a_session_that_sts_would_not_give_is_refused(served: Served, parameters: dict[str, Any], message: str) -> None:
    status, code, got = error(served, **parameters)
    assert (status, code) == (400, "ValidationError")
    assert message in got


@pytest.mark.parametrize("seconds", ["899", "43201", "3600.5", "-1", "x", "", "9" * 50])
def test_a_duration_is_900_to_43200_seconds(served: Served, seconds: str) -> None:
    body = f"Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me&DurationSeconds={seconds}".encode()
    answer = Raw("POST", f"{served.url}/", {}, body).signed(served.credential, "sts").send()
    assert (answer.status, b"<Code>ValidationError</Code>" in answer.body) == (400, True)


def test_a_session_of_a_session_lasts_an_hour_at_most(served: Served) -> None:
    session = assume(served)
    assert assume(served, session, DurationSeconds=3600).principal.arn == ASSUMED
    status, code, message = error(served, session, DurationSeconds=3601)
    assert (status, code) == (400, "ValidationError")
    assert "role chaining" in message


def test_the_policies_decide_who_may_assume_a_role(endpoint: Endpoint, served: Served) -> None:
    endpoint.policies.refused.add(ROLE)
    status, code, message = error(served, ExternalId="their-id")
    assert (status, code) == (403, "AccessDenied")
    caller = "arn:aws:iam::000000000000:user/penstock"
    assert message == f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    (asked,) = endpoint.policies.asked
    assert (asked.caller.arn, asked.action, asked.resource) == (caller, "sts:AssumeRole", ROLE)
    assert asked.context == {"sts:RoleSessionName": "me", "sts:ExternalId": "their-id"}


def test_an_unknown_key_has_the_error_of_sts(served: Served) -> None:
    assert error(served, user())[:2] == (403, "InvalidClientTokenId")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"Action=GetSessionToken&Version=2011-06-15", b"InvalidAction"),
        (b"", b"InvalidAction"),
        (b"&".join([b"a=b"] * 101), b"InvalidParameterValue"),
    ],
)
def test_another_action_is_refused(served: Served, body: bytes, code: bytes) -> None:
    answer = Raw("POST", f"{served.url}/", {}, body).signed(served.credential, "sts").send()
    assert (answer.status, code in answer.body) == (400, True)


def test_botocore_itself_refuses_what_is_missing(served: Served) -> None:
    with pytest.raises(ParamValidationError):
        served.client("sts").assume_role(RoleArn=ROLE)
