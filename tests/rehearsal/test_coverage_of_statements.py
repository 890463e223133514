"""Coverage: each statement has one row, and is needed exactly if a call has another outcome without it."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption
from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, Outcome, Request
from cdk_penstock.rehearsal.result.coverage import Coverage, CoverageRow, Verdict, coverage_of
from cdk_penstock.rehearsal.result.statement_uses import uses_of
from cdk_penstock.rehearsal.result.template_statements import statements_of
from cdk_penstock.rehearsal.timeline import MadeBy, Timeline
from cdk_penstock.rehearsal.world.authority import decide_on
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.rehearsal.world.play_clocks import VirtualClock
from cdk_penstock.review.assembly import read_assembly
from tests.rehearsal.hand_made_play import (
    ACCOUNT,
    REGION,
    HandMadePlay,
    arn_of,
    attached,
    key_template,
    policy,
    role,
    stack_of,
    statement,
)

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.timeline import DecidedCall
    from cdk_penstock.review.assembly import SynthesizedStack

ROLE = f"arn:aws:iam::{ACCOUNT}:role/R"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "s3:GetObject", "sts:AssumeRole")


@pytest.fixture(scope="module")
def synthesized(job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SynthesizedStack, ...]:
    """Return a stack with a customer managed key, custom resources and policies of every kind."""
    app = App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "S", env=Environment(account=ACCOUNT, region=REGION))
    application = FlinkApplication(stack, "Job", code=ApplicationCode.from_asset(job_zip), application_name="clicks")
    people = iam.Role(stack, "People", assumed_by=iam.AccountRootPrincipal())
    CustomerManagedEncryption(
        stack, "Encryption", application=application, operators=[people], key_administrators=[people]
    )
    return read_assembly(Path(app.synth().directory))


def rows_by_name(coverage: Coverage) -> dict[str, CoverageRow]:
    return {f"{row.policy}: {row.statement}": row for row in coverage.rows}


def covered(play: HandMadePlay, **more: Any) -> dict[str, CoverageRow]:
    return rows_by_name(coverage_of(play.stacks, play.timeline.calls, **more))


def count_of_statements(value: Any) -> int:
    """Count what has an effect, also in policies that are text: by another way than the library's."""
    if isinstance(value, dict):
        return int(value.get("Effect") in {"Allow", "Deny"}) + sum(map(count_of_statements, value.values()))
    if isinstance(value, list):
        return sum(map(count_of_statements, value))
    return str(value).count('"Effect":')


def test_every_statement_of_the_templates_has_one_row(synthesized: tuple[SynthesizedStack, ...]) -> None:
    resources = [each for stack in synthesized for each in stack.template.resources()]
    permissions = sum(each.type == "AWS::Lambda::Permission" for each in resources)
    expected = sum(count_of_statements(each.body.get("Properties")) for each in resources) + permissions
    rows = coverage_of(synthesized, []).rows
    assert len(rows) == expected > 20
    assert {row.type for row in rows} >= {
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::IAM::ManagedPolicy",
        "AWS::KMS::Key",
    }


def test_no_statement_is_counted_twice(synthesized: tuple[SynthesizedStack, ...]) -> None:
    names = Counter(each.name for each in statements_of(synthesized))
    assert [name for name, count in names.items() if count > 1] == []


def test_policies_of_every_resource_type_have_rows() -> None:
    text = {"Fn::Join": ["", ['{"Version":"2012-10-17","Statement":[', json.dumps(statement("logs:Put*", "*")), "]}"]]}
    inline = {"Policies": [{"PolicyName": "Own", "PolicyDocument": policy(statement("s3:GetObject", "*"))}]}
    anything = policy(statement("*", "*"))
    stack = stack_of(
        {
            "Role": role({"Service": "lambda.amazonaws.com"}, **inline),
            "Endpoint": {
                "Type": "AWS::EC2::VPCEndpoint",
                "Properties": {"PolicyDocument": anything},
            },
            "Bucket": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"PolicyDocument": anything},
            },
            "Logs": {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"PolicyDocument": text}},
            "Nightly": {"Type": "AWS::Lambda::Permission", "Properties": {"Principal": "events.amazonaws.com"}},
            "Firewall": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{"Statement": {"GeoMatch": {}}}]}},
            "Chosen": attached(
                "AWS::IAM::Policy", "Role", {"Fn::If": ["Is", statement("s3:PutObject", "*"), {"Ref": "N"}]}
            ),
        }
    )
    assert [each.name for each in statements_of([stack])] == [
        "Role trust: #1",
        "Role inline Own: #1",
        "Endpoint resource policy: #1",
        "Bucket: #1",
        "Logs: #1",
        "Lambda permission: Nightly",
        "Chosen: #1",
    ]


def test_verdicts_of_the_first_deployment() -> None:
    play = HandMadePlay(stack_of(key_template()))
    play.deploy()
    rows = covered(play, acts=["deploy"])
    assert rows["Operator trust: #1"].verdict is Verdict.NEEDED
    assert rows["Base: AllowMSF"].verdict is Verdict.NEEDED
    assert rows["HandlerPolicy: #1"].verdict is Verdict.REDUNDANT
    assert rows["HandlerPolicy: #1"].because == "Operator trust: #1"
    assert rows["Key key policy: Operator"].verdict is Verdict.NEEDED
    assert rows["Permission: UseKey"].verdict is Verdict.REDUNDANT


def test_a_policy_that_msf_demands_of_its_caller_is_needed_too() -> None:
    play = HandMadePlay(stack_of(key_template()))
    play.call("Operator", "kms:DescribeKey", play.arn("Key"), made_by=MadeBy.MSF_FOR_CALLER, both_policies=True)
    rows = covered(play)
    assert {rows[name].verdict for name in ("Permission: UseKey", "Key key policy: Operator")} == {Verdict.NEEDED}


def test_a_statement_that_denies_is_needed_if_it_alone_keeps_an_attacker_out() -> None:
    deny = {**statement("s3:*", "*"), "Effect": "Deny", "Sid": "Stop"}
    resources = {
        "R": role({"Service": "lambda.amazonaws.com"}),
        "P": attached("AWS::IAM::Policy", "R", statement("s3:GetObject", "*", Sid="Get"), deny),
    }
    play = HandMadePlay(stack_of(resources))
    assert "no act tried" in covered(play)["P: Stop"].because
    assert not play.call("R", "s3:PutObject", is_probe=True)
    assert covered(play)["P: Stop"].verdict is Verdict.REDUNDANT
    assert not play.call("R", "s3:GetObject", is_probe=True)
    assert covered(play)["P: Stop"].verdict is Verdict.NEEDED
    assert covered(play)["P: Get"].verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("Key key policy: AllowKeyAdministrators", "only a key administrator"),
        ("Job trust: #1", "only MSF and the job itself"),
        ("JobPolicy: #1", "only MSF and the job itself"),
        ("Handler trust: #1", "OnEvent did not run in this play"),
        ("Operator trust: #1", "no act played anybody who assumes Operator"),
        ("Lambda permission: Nightly", "only events may use it"),
    ],
)
def test_a_statement_that_was_not_exercised_has_a_reason(name: str, because: str) -> None:
    row = covered(HandMadePlay(stack_of(key_template())))[name]
    assert row.verdict is Verdict.NOT_EXERCISED
    assert row.because.startswith(because)
    assert not row.is_finding


def test_a_resource_in_name_only_is_the_reason_of_its_statements() -> None:
    play = HandMadePlay(stack_of(key_template()))
    row = covered(play, in_name_only=["Key"])["Key key policy: Operator"]
    assert row.because == "Key is modelled in name only"


def test_a_job_that_does_not_run_is_the_reason_once_msf_has_acted() -> None:
    play = HandMadePlay(stack_of(key_template()))
    play.call("Job", "s3:GetObject", made_by=MadeBy.MSF)
    assert "only the job itself" in covered(play)["JobPolicy: #1"].because


def test_a_statement_without_a_call_and_without_a_reason_is_a_finding() -> None:
    resources = {
        "R": role({"Service": "lambda.amazonaws.com"}),
        "P": attached("AWS::IAM::Policy", "R", statement("s3:GetObject", "*"), statement("s3:PutObject", "*")),
    }
    play = HandMadePlay(stack_of(resources))
    play.call("R", "s3:GetObject")
    coverage = coverage_of(play.stacks, play.timeline.calls)
    assert [row.statement for row in coverage.findings] == ["#2"]


def test_a_function_that_a_rule_calls_names_the_rule() -> None:
    resources = {
        "R": role({"Service": "lambda.amazonaws.com"}),
        "F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn_of("R")}},
        "Daily": {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Arn": arn_of("F")}]}},
    }
    assert "only Daily calls it" in covered(HandMadePlay(stack_of(resources)))["R trust: #1"].because


statements = st.builds(
    lambda action, effect, principal: {"Effect": effect, "Action": action, "Resource": "*", **principal},
    st.lists(st.sampled_from([*ACTIONS, "kms:*"]), min_size=1, max_size=2),
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.just({}),
)
principals = st.sampled_from(
    [{"AWS": ROLE}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"Service": "logs.amazonaws.com"}]
)
policies = st.lists(statements, max_size=3).map(lambda each: policy(*each))
resource_policies = st.lists(
    st.tuples(statements, principals).map(lambda both: {**both[0], "Principal": both[1]}), max_size=3
).map(lambda each: policy(*each))


@st.composite
def calls(draw: st.DrawFn) -> list[DecidedCall]:
    """Return calls of one role under two identity policies and a resource's policy, decided as the world does."""
    identity = tuple(named_policy(name, draw(policies)) for name in ("A", "B"))
    on_resource = draw(st.none() | resource_policies.map(lambda each: named_policy("K", each)))
    timeline = Timeline(VirtualClock())
    for action in draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=4)):
        request = Request(caller=Caller.role(ROLE), action=action, resource=KEY)
        both = draw(st.booleans())
        decision = decide_on(request, identity_policies=identity, resource_policy=on_resource, both_policies=both)
        timeline.record_call(
            MadeBy.PERSON,
            request,
            decision,
            identity_policies=identity,
            resource_policy=on_resource,
            both_policies=both,
        )
    return timeline.calls


def taken_out(given_policy: NamedPolicy, sid: str) -> NamedPolicy:
    kept = tuple(each for each in given_policy.document.statements if each.sid != sid)
    return dataclasses.replace(given_policy, document=PolicyDocument(statements=kept))


@given(calls())
def test_a_statement_is_needed_exactly_if_deciding_all_calls_without_it_changes_an_outcome(
    made: list[DecidedCall],
) -> None:
    uses = uses_of(made)
    on_resource = made[0].resource_policy
    for held in [*made[0].identity_policies, *([on_resource] if on_resource else [])]:
        for each in held.document.statements:
            assert each.sid
            less = taken_out(held, each.sid)
            changed = [
                call.number
                for call in made
                if decide_on(
                    call.request,
                    identity_policies=[less if one is held else one for one in call.identity_policies],
                    resource_policy=less if on_resource is held else on_resource,
                    both_policies=call.both_policies,
                ).allowed
                != call.decision.allowed
            ]
            use = uses.get(f"{held.name}: {each.sid}")
            assert (use.needed_by if use else []) == changed


@given(calls())
def test_a_statement_that_decided_was_used(made: list[DecidedCall]) -> None:
    uses = uses_of(made)
    for call in made:
        if call.decision.outcome is not Outcome.IMPLICIT_DENY:
            assert call.decision.statements
            assert all(call.number in uses[name].calls for name in call.decision.statements)
