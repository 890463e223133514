from __future__ import annotations

import pytest

from cdk_penstock.control.errors import MissingPermissionError, explained
from tests.control.fake_aws import error

APPLICATION_ARN = "arn:aws:kinesisanalytics:us-east-1:111122223333:application/clicks"
ROLE_ARN = "arn:aws:iam::111122223333:role/job"
KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kinesisanalytics:DescribeApplication", APPLICATION_ARN),
        ("kms:Decrypt", KEY_ARN),
        ("iam:PassRole", ROLE_ARN),
    ],
)
def test_the_missing_action_is_named_and_no_part_of_an_arn(action: str, resource: str) -> None:
    text = f"User: arn:aws:sts::111122223333:assumed-role/ops/me is not authorized to perform: {action} on {resource}"
    found = explained(error("AccessDeniedException", text), action="look")
    assert isinstance(found, MissingPermissionError)
    assert f"permission is missing ({action}):" in str(found)


@pytest.mark.parametrize("code", ["InvalidSignatureException", "UnrecognizedClientException", "InvalidClientTokenId"])
def test_credentials_that_aws_does_not_accept_are_told_as_such(code: str) -> None:
    found = explained(error(code, "The request signature does not match"), action="describe application vehicles")
    assert isinstance(found, MissingPermissionError)
    assert "AWS does not accept the credentials" in str(found)
    assert "check --profile" in str(found)
