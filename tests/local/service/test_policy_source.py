"""The policies of an endpoint that runs alone."""

from __future__ import annotations

import pytest

from cdk_penstock.local.service.policy_source import AllowAll, KeyState, PolicySource, ResolvedKey
from cdk_penstock.model.policies.evaluator import Caller, Request
from cdk_penstock.model.policies.operations import KeyPath

ACCOUNT, REGION = "000000000000", "eu-west-1"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"
APPLICATION = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/orders"


def resolve(policies: PolicySource, key_id: str) -> ResolvedKey | None:
    return policies.resolve_key(key_id, account=ACCOUNT, region=REGION)


def test_everything_is_allowed() -> None:
    policies = AllowAll()
    caller = Caller.role("arn:aws:iam::000000000000:user/penstock")
    assert policies.decide(Request(caller=caller, action="iam:PassRole", resource="arn:aws:iam::1:role/r")).allowed
    used = policies.caller_can_use_key(caller, KeyPath(application_arn=APPLICATION, region=REGION), KEY)
    assert used.allowed
    assert {request.action for request, _ in used.calls} >= {"kms:DescribeKey", "kms:CreateGrant"}
    assert policies.service_can_use_key(APPLICATION, KEY).allowed


@pytest.mark.parametrize("key_id", [KEY, KEY_ID, "alias/state", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/state"])
def test_a_key_has_one_arn_under_all_its_names(key_id: str) -> None:
    policies = AllowAll(aliases={f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/state": KEY})
    assert resolve(policies, key_id) == ResolvedKey(arn=KEY)
    policies.disabled_keys.add(KEY)
    assert resolve(policies, key_id) == ResolvedKey(arn=KEY, state=KeyState.DISABLED)
    policies.disabled_keys.discard(KEY)
    assert resolve(policies, key_id) == ResolvedKey(arn=KEY, state=KeyState.ENABLED)


@pytest.mark.parametrize(
    "key_id",
    [
        "alias/unknown",
        f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}",
        f"arn:aws:kms:{REGION}:111111111111:key/{KEY_ID}",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/",
        "not a key",
        "",
    ],
)
def test_a_key_of_another_place_or_no_key_is_not_found(key_id: str) -> None:
    assert resolve(AllowAll(), key_id) is None
