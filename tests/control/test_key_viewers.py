from __future__ import annotations

import pytest

from cdk_penstock.control.errors import KeyUnusableError, MissingPermissionError
from cdk_penstock.control.key_viewers import KeyViewers
from cdk_penstock.control.kms_keys import KmsKeys
from tests.control.fake_aws import KEY_1, Denied
from tests.control.fake_session import FakeAws


def viewers(aws: FakeAws, *denied: tuple[str, ...]) -> KeyViewers:
    client = aws.client("kms")
    return KeyViewers(*(KmsKeys(Denied(client, *each), clock=aws.world.clock) for each in denied))


def test_the_first_role_that_may_look_answers() -> None:
    aws = FakeAws()
    aws.kms.automatic = {KEY_1}
    both = viewers(aws, ("describe_key", "get_key_policy"), ())
    assert both.describe(KEY_1).rotates_automatically
    assert not both.describe_state(KEY_1).is_rotation_known
    assert both.policy(KEY_1).statements


def test_a_role_that_sees_the_state_alone_is_no_answer_where_the_rotation_is_asked_for() -> None:
    both = viewers(FakeAws(), ("describe_key",), ("list_key_rotations",))
    with pytest.raises(MissingPermissionError, match="kms:DescribeKey"):
        both.describe(KEY_1)
    assert both.describe_state(KEY_1).state == "Enabled"


def test_what_nobody_may_look_at_is_the_first_roles_error() -> None:
    nobody = viewers(FakeAws(), ("get_key_policy",), ("get_key_policy",))
    with pytest.raises(MissingPermissionError, match="kms:GetKeyPolicy"):
        nobody.policy(KEY_1)


def test_a_key_that_does_not_exist_is_no_missing_permission() -> None:
    aws = FakeAws()
    del aws.kms.metadata[KEY_1]
    with pytest.raises(KeyUnusableError):
        viewers(aws, ("describe_key",), ()).describe_state(KEY_1)
