from __future__ import annotations

import pytest

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import (
    AWS_OWNED,
    KeyArn,
    KeyAssignment,
    KeyFacts,
    KeyType,
    KeyUse,
    LifecycleOperation,
    keys_involved,
)

APPLICATION_ARN = "arn:aws:kinesisanalytics:eu-central-1:111122223333:application/vehicles"


def arn(number: int) -> str:
    return f"arn:aws:kms:eu-central-1:111122223333:key/{str(number) * 8}-1111-1111-1111-111111111111"


def under(number: int) -> KeyAssignment:
    return KeyAssignment.customer_managed(arn(number))


@pytest.mark.parametrize(
    ("operation", "state", "keys"),
    [
        (LifecycleOperation.START, KeyUse(configured=under(1)), {1}),
        (LifecycleOperation.START, KeyUse(configured=under(1), restored_snapshot=under(2)), {1, 2}),
        (LifecycleOperation.START, KeyUse(configured=AWS_OWNED, restored_snapshot=under(2)), {2}),
        (LifecycleOperation.STOP, KeyUse(configured=under(2), effective=under(1)), {1}),
        (LifecycleOperation.STOP, KeyUse(configured=under(2)), set()),
        (LifecycleOperation.UPDATE, KeyUse(configured=under(1), effective=under(1), new=under(2)), {1, 2}),
        (LifecycleOperation.UPDATE, KeyUse(configured=under(1), new=AWS_OWNED), {1}),
        (LifecycleOperation.UPDATE, KeyUse(configured=AWS_OWNED, new=under(2), restored_snapshot=under(3)), {2, 3}),
        (LifecycleOperation.SNAPSHOT, KeyUse(configured=under(2), effective=under(1)), {1}),
        (
            LifecycleOperation.ROLLBACK,
            KeyUse(configured=under(1), effective=under(1), previous_version=under(2), restored_snapshot=under(3)),
            {1, 2, 3},
        ),
        *((operation, KeyUse(effective=AWS_OWNED, new=AWS_OWNED), set()) for operation in LifecycleOperation),
    ],
)
def test_an_operation_involves_the_documented_keys(
    operation: LifecycleOperation, state: KeyUse, keys: set[int]
) -> None:
    assert keys_involved(operation, state) == {arn(key) for key in keys}


def test_operations_carry_the_names_of_the_api() -> None:
    assert LifecycleOperation.SNAPSHOT.value == "CreateApplicationSnapshot"


@pytest.mark.parametrize(
    "text", ["", "alias/mine", arn(1) + "/x", "arn:aws:kms:eu-central-1:111122223333:alias/mine", "1234"]
)
def test_only_the_arn_of_a_key_is_one(text: str) -> None:
    with pytest.raises(PenstockError, match="expected the ARN of a KMS key"):
        KeyArn.parse(text)


def test_a_key_beside_an_application() -> None:
    assert str(KeyArn.beside(APPLICATION_ARN, "x")) == "arn:aws:kms:eu-central-1:111122223333:key/x"
    with pytest.raises(PenstockError, match="ARN of an application"):
        KeyArn.beside("vehicles", "x")


def test_a_key_arn_goes_with_a_customer_managed_key_only() -> None:
    with pytest.raises(PenstockError, match="CUSTOMER_MANAGED_KEY takes a key ARN"):
        KeyAssignment(key_type=KeyType.CUSTOMER_MANAGED_KEY)
    with pytest.raises(PenstockError, match="AWS_OWNED_KEY takes no key ARN"):
        KeyAssignment(key_arn=arn(1))


@pytest.mark.parametrize(
    ("key_type", "key_id", "encryption"),
    [
        (None, None, AWS_OWNED),
        ("AWS_OWNED_KEY", None, AWS_OWNED),
        ("CUSTOMER_MANAGED_KEY", arn(1), under(1)),
        ("CUSTOMER_MANAGED_KEY", arn(1).rpartition("/")[2], under(1)),
    ],
)
def test_what_msf_describes_is_read_on_the_canonical_arn(
    key_type: str | None, key_id: str | None, encryption: KeyAssignment
) -> None:
    assert KeyAssignment.described(key_type, key_id, application_arn=APPLICATION_ARN) == encryption


def test_every_reason_against_a_key_is_named_at_once() -> None:
    key = KeyFacts(
        key_arn=arn(1).replace("eu-central-1", "us-east-1"),
        is_symmetric=False,
        is_customer_managed=False,
        is_multi_region=True,
        rotates_automatically=True,
    )
    with pytest.raises(PenstockError) as refusal:
        key.check_fit_for(APPLICATION_ARN)
    for word in ("us-east-1", "symmetric", "managed by AWS", "multi-Region", "rotates automatically"):
        assert word in str(refusal.value)
    KeyFacts(key_arn=arn(1)).check_fit_for(APPLICATION_ARN)
