"""CloudFormation's part for keys and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.policy_source import KeyState
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from tests.rehearsal.provider_bench import ACCOUNT, EXECUTION_ROLE, REGION, ProviderBench, allow, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted
    from cdk_penstock.rehearsal.world.kms.key_record import Key

CREATION = ["kms:CreateKey", "kms:DescribeKey"]
READS = ["kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]


def key_policy(actions: object = "kms:*", **more: Any) -> dict[str, Any]:
    statement = {
        "Sid": "Key",
        "Effect": "Allow",
        "Principal": {"AWS": EXECUTION_ROLE},
        "Action": actions,
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement | more]}


def key(**properties: Any) -> Wanted:
    return wanted("AWS::KMS::Key", "Key", **{"KeyPolicy": key_policy(), **properties})


def alias(name: str, target: str) -> Wanted:
    return wanted("AWS::KMS::Alias", "Alias", AliasName=name, TargetKeyId=target)


def record(bench: ProviderBench, existing: Existing) -> Key:
    found = bench.world.kms.keys.find(existing.made.attributes["Arn"])
    assert found is not None
    return found


def actions(bench: ProviderBench, since: int = 0) -> list[str]:
    return [each.request.action for each in bench.world.timeline.calls[since:] if each.made_by is MadeBy.CLOUDFORMATION]


@pytest.fixture
def bench(tmp_path: Path) -> ProviderBench:
    return ProviderBench(tmp_path)


def test_a_key_has_what_the_template_says(bench: ProviderBench) -> None:
    existing = bench.create(
        key(
            Description="state",
            EnableKeyRotation="true",
            RotationPeriodInDays="180",
            Enabled=False,
            Tags=[{"Key": "a", "Value": "1"}],
        )
    )
    made = record(bench, existing)
    assert existing.made.attributes == {"Arn": made.arn, "KeyId": existing.made.physical_id}
    assert (made.description, made.state, made.tags, made.period_days) == ("state", KeyState.DISABLED, {"a": "1"}, 180)
    assert made.rotates_since is not None
    assert actions(bench) == [
        "kms:CreateKey",
        "kms:TagResource",
        "kms:EnableKeyRotation",
        "kms:DisableKey",
        "kms:DescribeKey",
        *READS,
    ]


def test_a_plain_key_needs_few_calls(bench: ProviderBench) -> None:
    bench.create(key())
    assert actions(bench) == [*CREATION, *READS]
    assert not bench.world.timeline.denied


@pytest.mark.parametrize(
    ("policy", "properties", "action"),
    [
        (key_policy("kms:DescribeKey"), {}, "will not allow you to update the key policy"),
        (key_policy("kms:PutKeyPolicy"), {}, "not authorized to perform: kms:DescribeKey"),
        (
            key_policy(["kms:PutKeyPolicy", "kms:DescribeKey"]),
            {"EnableKeyRotation": True},
            "not authorized to perform: kms:EnableKeyRotation",
        ),
        (
            key_policy(["kms:PutKeyPolicy", "kms:DescribeKey"]),
            {"Enabled": False},
            "not authorized to perform: kms:DisableKey",
        ),
    ],
)
def test_the_key_policy_must_let_cloudformation_manage_the_key(
    bench: ProviderBench, policy: dict[str, Any], properties: dict[str, Any], action: str
) -> None:
    with pytest.raises(ResourceFailedError, match=action):
        bench.create(key(KeyPolicy=policy, **properties))


def test_only_the_description_must_be_readable(bench: ProviderBench) -> None:
    bench.create(key(KeyPolicy=key_policy(["kms:PutKeyPolicy", "kms:DescribeKey"])))
    assert not [each for each in bench.world.timeline.denied if each.request.action not in READS]


def test_the_check_against_a_lock_out_can_be_left_out(bench: ProviderBench) -> None:
    policy = key_policy("kms:DescribeKey")
    assert bench.create(key(KeyPolicy=policy, BypassPolicyLockoutSafetyCheck="true")).made.physical_id


def test_the_execution_role_must_be_allowed_to_create_a_key_and_to_tag_it(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path, [allow("kms:CreateKey")])
    bench.create(key())
    with pytest.raises(ResourceFailedError, match="kms:TagResource"):
        bench.create(key(Tags=[{"Key": "a", "Value": "1"}]))
    # No key policy decides on a key that does not exist yet.
    any_key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    tagging = ProviderBench(tmp_path / "2", [allow("kms:CreateKey"), allow("kms:TagResource", any_key)])
    tagging.create(key(Tags=[{"Key": "a", "Value": "1"}]))
    with pytest.raises(ResourceFailedError, match="kms:CreateKey"):
        ProviderBench(tmp_path / "3", [allow("kms:TagResource")]).create(key())


def test_an_update_calls_only_for_what_differs(bench: ProviderBench) -> None:
    existing = bench.create(key(Tags=[{"Key": "a", "Value": "1"}]))
    since = len(bench.world.timeline.calls)
    bench.update(existing, existing.wanted)
    assert actions(bench, since) == ["kms:DescribeKey", "kms:ListResourceTags"]
    since = len(bench.world.timeline.calls)
    new = key(
        Description="new",
        EnableKeyRotation=True,
        KeyPolicy=key_policy(Sid="Other"),
        Tags=[{"Key": "a", "Value": "2"}],
    )
    assert bench.update(existing, new) == existing.made
    assert actions(bench, since) == [
        "kms:DescribeKey",
        "kms:EnableKeyRotation",
        "kms:UpdateKeyDescription",
        "kms:PutKeyPolicy",
        "kms:ListResourceTags",
        "kms:UntagResource",
        "kms:TagResource",
    ]
    made = record(bench, existing)
    assert (made.description, made.tags) == ("new", {"a": "2"})
    assert bench.world.authority.resource_policies[made.arn].document.statements[0].sid == "Other"


def test_rotation_changes_while_the_key_is_enabled(bench: ProviderBench) -> None:
    existing = bench.create(key(Enabled=False))
    with pytest.raises(ResourceFailedError, match="cannot modify the EnableKeyRotation property"):
        bench.update(existing, key(Enabled=False, EnableKeyRotation=True))
    since = len(bench.world.timeline.calls)
    bench.update(existing, key(EnableKeyRotation=True))
    assert actions(bench, since)[1:3] == ["kms:EnableKey", "kms:EnableKeyRotation"]
    rotating = type(existing)(wanted=key(EnableKeyRotation=True), made=existing.made)
    bench.update(rotating, key(Enabled=False))
    made = record(bench, existing)
    assert (made.state, made.rotates_since) == (KeyState.DISABLED, None)


def test_a_policy_that_would_lock_cloudformation_out_is_not_put(bench: ProviderBench) -> None:
    existing = bench.create(key())
    with pytest.raises(ResourceFailedError, match="MalformedPolicyDocumentException"):
        bench.update(existing, key(KeyPolicy=key_policy("kms:DescribeKey")))
    assert bench.world.authority.resource_policies[record(bench, existing).arn].document.statements[0].sid == "Key"


def test_denied_tags_do_not_fail_an_update(bench: ProviderBench) -> None:
    policy = key_policy(["kms:PutKeyPolicy", "kms:DescribeKey", "kms:ListResourceTags"])
    existing = bench.create(key(KeyPolicy=policy))
    bench.update(existing, key(KeyPolicy=policy, Tags=[{"Key": "a", "Value": "1"}]))
    assert record(bench, existing).tags == {}
    assert bench.world.timeline.denied[-1].request.action == "kms:TagResource"


@pytest.mark.parametrize("properties", [{"KeySpec": "RSA_2048"}, {"KeyUsage": "SIGN_VERIFY"}, {"MultiRegion": True}])
def test_the_kind_of_a_key_cannot_change(bench: ProviderBench, properties: dict[str, Any]) -> None:
    with pytest.raises(ResourceFailedError, match=f"You cannot change the {next(iter(properties))} property"):
        bench.update(bench.create(key()), key(**properties))


def test_a_deletion_is_scheduled_with_the_waiting_period(bench: ProviderBench) -> None:
    existing = bench.create(key(PendingWindowInDays="7"))
    bench.delete(existing)
    made = record(bench, existing)
    assert made.state is KeyState.PENDING_DELETION
    assert made.deletion_at is not None
    assert 6 <= (made.deletion_at - bench.world.clock()).days <= 7
    deletion_at = made.deletion_at
    bench.delete(existing)
    assert record(bench, existing).deletion_at == deletion_at


def test_a_deletion_needs_the_key_policy(bench: ProviderBench) -> None:
    existing = bench.create(key(KeyPolicy=key_policy(["kms:PutKeyPolicy", "kms:DescribeKey"])))
    with pytest.raises(ResourceFailedError, match="kms:ScheduleKeyDeletion"):
        bench.delete(existing)


def test_an_alias_needs_the_permission_on_both_of_its_keys(bench: ProviderBench) -> None:
    first, second = bench.create(key()), bench.create(key())
    named = bench.create(alias("alias/state", first.made.physical_id))
    assert named.made.physical_id == "alias/state"
    since = len(bench.world.timeline.calls)
    bench.update(named, alias("alias/state", second.made.attributes["Arn"]))
    asked = {each.request.resource for each in bench.world.timeline.calls[since:]}
    arns = {each.made.attributes["Arn"] for each in (first, second)}
    assert asked == {f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/state", *arns}
    assert set(bench.world.kms.keys.aliases.values()) == {second.made.attributes["Arn"]}
    bench.delete(type(named)(wanted=alias("alias/state", second.made.physical_id), made=named.made))
    assert bench.world.kms.keys.aliases == {}


def test_an_alias_of_a_key_that_does_not_let_it_is_refused(bench: ProviderBench) -> None:
    closed = bench.create(key(KeyPolicy=key_policy(["kms:PutKeyPolicy", "kms:DescribeKey"])))
    with pytest.raises(ResourceFailedError, match="kms:CreateAlias"):
        bench.create(alias("alias/state", closed.made.physical_id))
