"""KMS of the world: states, aliases, rotation, and what it refuses of a key policy."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.policy_source import KeyState
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from cdk_penstock.rehearsal.world.kms.key_record import ON_DEMAND_ROTATIONS
from cdk_penstock.rehearsal.world.play_clocks import VirtualClock
from cdk_penstock.rehearsal.world.service_answers import CallScope, ServiceRefusedError
from cdk_penstock.rehearsal.world.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-central-1"
SCOPE = CallScope(account=ACCOUNT, region=REGION)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/people/administrator"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/administrator/anna"
DAY = 86_400.0


def statement(principal: object, actions: object = "kms:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*", **more}


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Bench:
    """A world with an administrator, and calls of KMS that are allowed already."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.iam.add_role(Role(arn=ADMINISTRATOR, trust=named_policy("trust", {"Statement": []})))

    def call(self, operation: str, *, caller: str = SESSION, **parameters: Any) -> Mapping[str, Any]:
        answer = self.world.kms.call(operation, parameters, Actor(made_by=MadeBy.PERSON, arn=caller), SCOPE)
        model = ServiceModel(create_loader().load_service_model("kms", "service-2")).operation_model(operation)
        assert set(answer) <= set(model.output_shape.members if model.output_shape else ())
        return answer

    def refusal(self, operation: str, *, caller: str = SESSION, **parameters: Any) -> str:
        with pytest.raises(ServiceRefusedError) as caught:
            self.call(operation, caller=caller, **parameters)
        return caught.value.code

    def key(self, **parameters: Any) -> str:
        return str(self.call("CreateKey", **parameters)["KeyMetadata"]["Arn"])

    def pass_time(self, time: timedelta) -> None:
        assert isinstance(self.world.clock, VirtualClock)
        self.world.clock.jump(time)

    def state(self, arn: str) -> str:
        return str(self.call("DescribeKey", KeyId=arn)["KeyMetadata"]["KeyState"])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("kms"))


def test_a_key_is_found_by_all_its_names_and_only_in_its_place(bench: Bench) -> None:
    arn = bench.key(Description="state")
    bench.call("CreateAlias", AliasName="alias/state", TargetKeyId=arn)
    for name in (arn, arn.rpartition("/")[2], "alias/state", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/state"):
        assert bench.call("DescribeKey", KeyId=name)["KeyMetadata"]["Arn"] == arn
        found = bench.world.kms.keys.resolve(name, SCOPE)
        assert (found.arn, found.state) == (arn, KeyState.ENABLED) if found else False
    assert bench.world.kms.keys.resolve(arn, CallScope(account=ACCOUNT, region="us-east-1")) is None
    assert bench.refusal("DescribeKey", KeyId="missing") == "NotFoundException"
    assert bench.refusal("DescribeKey", KeyId="alias/missing") == "NotFoundException"
    # Only a description, and the use of a key, take an alias.
    assert bench.refusal("GetKeyPolicy", KeyId="alias/state") == "NotFoundException"


def test_two_rehearsals_make_the_same_keys(tmp_path: Path) -> None:
    first, second = Bench(tmp_path / "1"), Bench(tmp_path / "2")
    assert [first.key(), first.key()] == [second.key(), second.key()]
    assert first.key() != first.key()
    assert first.key(MultiRegion=True).rpartition("/")[2].startswith("mrk-")


def test_a_key_without_a_policy_delegates_to_its_account(bench: Bench) -> None:
    arn = bench.key()
    assert bench.call("GetKeyPolicy", KeyId=arn)["Policy"].count(ROOT) == 1
    assert arn in bench.world.authority.resource_policies


def test_states_follow_the_calls(bench: Bench) -> None:
    arn = bench.key()
    bench.call("DisableKey", KeyId=arn)
    assert bench.state(arn) == "Disabled"
    assert bench.refusal("RotateKeyOnDemand", KeyId=arn) == "DisabledException"
    bench.call("PutKeyPolicy", KeyId=arn, Policy=policy(statement({"AWS": ROOT})))
    bench.call("EnableKey", KeyId=arn)
    assert bench.state(arn) == "Enabled"
    scheduled = bench.call("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    assert scheduled["DeletionDate"] - bench.world.clock() < timedelta(days=7)
    for operation in ("EnableKey", "DisableKey", "EnableKeyRotation", "ScheduleKeyDeletion"):
        assert bench.refusal(operation, KeyId=arn) == "KMSInvalidStateException"
    bench.call("CancelKeyDeletion", KeyId=arn)
    assert bench.state(arn) == "Disabled"
    assert bench.refusal("CancelKeyDeletion", KeyId=arn) == "KMSInvalidStateException"


@pytest.mark.parametrize("days", [6, 31])
def test_a_waiting_period_has_limits(bench: Bench, days: int) -> None:
    assert bench.refusal("ScheduleKeyDeletion", KeyId=bench.key(), PendingWindowInDays=days) == "ValidationException"


def test_a_key_is_gone_after_its_waiting_period_with_policy_and_aliases(bench: Bench) -> None:
    arn = bench.key()
    bench.call("CreateAlias", AliasName="alias/state", TargetKeyId=arn)
    bench.call("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    bench.pass_time(timedelta(days=8))
    assert bench.refusal("DescribeKey", KeyId=arn) == "NotFoundException"
    assert bench.call("ListAliases")["Aliases"] == []
    assert arn not in bench.world.authority.resource_policies


# The check of a key policy


def test_a_policy_that_locks_its_caller_out_is_refused_unless_the_check_is_left_out(bench: Bench) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/other"
    bench.world.iam.add_role(Role(arn=other, trust=named_policy("trust", {"Statement": []})))
    closed = policy(statement({"AWS": other}))
    assert bench.refusal("CreateKey", Policy=closed) == "MalformedPolicyDocumentException"
    arn = bench.key()
    before = bench.call("GetKeyPolicy", KeyId=arn)
    assert bench.refusal("PutKeyPolicy", KeyId=arn, Policy=closed) == "MalformedPolicyDocumentException"
    assert bench.call("GetKeyPolicy", KeyId=arn) == before
    bench.call("PutKeyPolicy", KeyId=arn, Policy=closed, BypassPolicyLockoutSafetyCheck=True)
    assert bench.call("GetKeyPolicy", KeyId=arn)["Policy"] == closed


@pytest.mark.parametrize(
    ("statements", "is_locked_out"),
    [
        ([statement({"AWS": ADMINISTRATOR}, ["kms:PutKeyPolicy"])], False),
        ([statement({"AWS": ADMINISTRATOR}, ["kms:DescribeKey"])], True),
        ([statement({"AWS": ROOT})], False),
        ([statement({"AWS": ROOT}, Condition={"StringEquals": {"aws:PrincipalArn": "x"}})], True),
        ([statement({"AWS": ROOT}), statement("*", "kms:PutKeyPolicy") | {"Effect": "Deny"}], True),
        ([statement({"Service": "kinesisanalytics.amazonaws.com"})], True),
        ([], True),
    ],
)
def test_the_lock_out_is_judged_by_the_new_policy_alone(
    bench: Bench, statements: list[dict[str, Any]], *, is_locked_out: bool
) -> None:
    if is_locked_out:
        assert bench.refusal("CreateKey", Policy=policy(*statements)) == "MalformedPolicyDocumentException"
    else:
        assert bench.state(bench.key(Policy=policy(*statements))) == "Enabled"


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:role/missing",
        f"arn:aws:iam::{ACCOUNT}:role/administrator",
        f"arn:aws:iam::{ACCOUNT}:user/missing",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/missing/session",
        "AROA1234567890123456",
        "not-a-principal",
    ],
)
def test_a_principal_that_does_not_exist_is_refused(bench: Bench, principal: str) -> None:
    text = policy(statement({"AWS": ROOT}), statement({"AWS": [ADMINISTRATOR, principal]}, "kms:DescribeKey"))
    with pytest.raises(ServiceRefusedError, match="invalid principals") as caught:
        bench.call("CreateKey", Policy=text)
    assert principal in str(caught.value)


@pytest.mark.parametrize(
    "principal",
    [ACCOUNT, "444455556666", ROOT, "*", ADMINISTRATOR, f"arn:aws:sts::{ACCOUNT}:assumed-role/administrator/x"],
)
def test_accounts_and_existing_principals_are_taken(bench: Bench, principal: str) -> None:
    bench.key(Policy=policy(statement({"AWS": ROOT}), statement({"AWS": principal}, "kms:DescribeKey")))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"Statement": "x"}', policy({"Effect": "Allow", "Action": "*"})]
)
def test_a_text_that_is_not_a_key_policy_is_refused(bench: Bench, text: str) -> None:
    arn = bench.key()
    assert bench.refusal("PutKeyPolicy", KeyId=arn, Policy=text) == "MalformedPolicyDocumentException"


def test_a_policy_has_a_limit(bench: Bench) -> None:
    long = policy(statement({"AWS": ROOT}, Sid="x" * 40_000))
    assert bench.refusal("CreateKey", Policy=long) == "LimitExceededException"


@given(
    st.lists(st.sampled_from(["kms:PutKeyPolicy", "kms:Put*", "kms:*", "kms:Get*"]), min_size=1, max_size=3),
    st.sampled_from([ADMINISTRATOR, ROOT, "*"]),
    st.booleans(),
)
def test_whoever_puts_a_policy_can_put_the_next_one(
    shared: Bench, actions: list[str], principal: str, denies: bool
) -> None:
    bench, arn = shared, shared.key()
    denied = [statement("*", "kms:PutKeyPolicy") | {"Effect": "Deny"}] if denies else []
    text = policy(statement({"AWS": principal}, actions), *denied)
    try:
        bench.call("PutKeyPolicy", KeyId=arn, Policy=text)
    except ServiceRefusedError:
        assert denies or actions == ["kms:Get*"] * len(actions)
    else:
        bench.call("PutKeyPolicy", KeyId=arn, Policy=text)
        assert bench.call("GetKeyPolicy", KeyId=arn)["Policy"] == text


# Rotation


def test_a_rotation_on_demand_takes_a_while_and_only_one_is_in_progress(bench: Bench) -> None:
    arn = bench.key()
    bench.call("RotateKeyOnDemand", KeyId=arn)
    assert "OnDemandRotationStartDate" in bench.call("GetKeyRotationStatus", KeyId=arn)
    assert bench.refusal("RotateKeyOnDemand", KeyId=arn) == "ConflictException"
    assert bench.call("ListKeyRotations", KeyId=arn)["Rotations"] == []
    bench.world.clock.sleep(61)
    assert "OnDemandRotationStartDate" not in bench.call("GetKeyRotationStatus", KeyId=arn)
    (rotation,) = bench.call("ListKeyRotations", KeyId=arn)["Rotations"]
    assert rotation["RotationType"] == "ON_DEMAND"


def test_a_key_has_a_limited_number_of_rotations_on_demand(bench: Bench) -> None:
    arn = bench.key()
    for _ in range(ON_DEMAND_ROTATIONS):
        bench.call("RotateKeyOnDemand", KeyId=arn)
        bench.world.clock.sleep(61)
    assert bench.refusal("RotateKeyOnDemand", KeyId=arn) == "LimitExceededException"
    page = bench.call("ListKeyRotations", KeyId=arn, Limit=20)
    rest = bench.call("ListKeyRotations", KeyId=arn, Limit=20, Marker=page["NextMarker"])
    assert (len(page["Rotations"]), page["Truncated"]) == (20, True)
    assert (len(rest["Rotations"]), rest["Truncated"]) == (5, False)
    assert bench.refusal("ListKeyRotations", KeyId=arn, Marker="x") == "InvalidMarkerException"


def test_automatic_rotation_goes_by_its_period(bench: Bench) -> None:
    arn = bench.key()
    assert bench.call("GetKeyRotationStatus", KeyId=arn)["KeyRotationEnabled"] is False
    assert bench.refusal("EnableKeyRotation", KeyId=arn, RotationPeriodInDays=89) == "ValidationException"
    bench.call("EnableKeyRotation", KeyId=arn, RotationPeriodInDays=90)
    bench.pass_time(timedelta(days=200))
    rotations = bench.call("ListKeyRotations", KeyId=arn)["Rotations"]
    assert [each["RotationType"] for each in rotations] == ["AUTOMATIC", "AUTOMATIC"]
    bench.call("DisableKeyRotation", KeyId=arn)
    assert bench.call("GetKeyRotationStatus", KeyId=arn)["KeyRotationEnabled"] is False


def test_a_key_of_another_kind_does_not_rotate(bench: Bench) -> None:
    arn = bench.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    for operation in ("RotateKeyOnDemand", "EnableKeyRotation", "GetKeyRotationStatus", "ListKeyRotations"):
        assert bench.refusal(operation, KeyId=arn) == "UnsupportedOperationException"


# Aliases, tags, what is not modelled


def test_aliases_move_between_keys_and_go(bench: Bench) -> None:
    first, second = bench.key(), bench.key()
    bench.call("CreateAlias", AliasName="alias/state", TargetKeyId=first)
    assert bench.refusal("CreateAlias", AliasName="alias/state", TargetKeyId=second) == "AlreadyExistsException"
    assert bench.refusal("CreateAlias", AliasName="alias/aws/s3", TargetKeyId=first) == "InvalidAliasNameException"
    bench.call("UpdateAlias", AliasName="alias/state", TargetKeyId=second)
    assert bench.call("ListAliases", KeyId=first)["Aliases"] == []
    (listed,) = bench.call("ListAliases", KeyId=second)["Aliases"]
    assert (listed["AliasName"], listed["TargetKeyId"]) == ("alias/state", second.rpartition("/")[2])
    bench.call("DeleteAlias", AliasName="alias/state")
    assert bench.refusal("DeleteAlias", AliasName="alias/state") == "NotFoundException"


def test_tags_and_description_change(bench: Bench) -> None:
    arn = bench.key(Tags=[{"TagKey": "a", "TagValue": "1"}])
    bench.call("TagResource", KeyId=arn, Tags=[{"TagKey": "b", "TagValue": "2"}])
    bench.call("UntagResource", KeyId=arn, TagKeys=["a"])
    assert bench.call("ListResourceTags", KeyId=arn)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    bench.call("UpdateKeyDescription", KeyId=arn, Description="new")
    assert bench.call("DescribeKey", KeyId=arn)["KeyMetadata"]["Description"] == "new"
    assert [each["KeyArn"] for each in bench.call("ListKeys")["Keys"]] == [arn]
    many = [{"TagKey": str(number), "TagValue": ""} for number in range(51)]
    assert bench.refusal("TagResource", KeyId=arn, Tags=many) == "LimitExceededException"


def test_nothing_is_encrypted_but_the_state_counts(bench: Bench) -> None:
    arn = bench.key()
    with pytest.raises(ServiceRefusedError, match="does not model kms:Decrypt"):
        bench.call("Decrypt", KeyId=arn)
    bench.call("DisableKey", KeyId=arn)
    assert bench.refusal("GenerateDataKey", KeyId=arn) == "DisabledException"
