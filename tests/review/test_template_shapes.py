"""Checks on unusual forms of templates, also those that CloudFormation refuses: none crashes or concludes falsely."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from hypothesis import given, note
from hypothesis import strategies as st

from app import add_stages
from cdk_penstock.model.cost import Prices, Usage
from cdk_penstock.review.assembly import SynthesizedStack, read_assembly
from cdk_penstock.review.condition_variants import variants
from cdk_penstock.review.cost import estimate_templates
from cdk_penstock.review.delivery_guarantees import delivery_guarantees
from cdk_penstock.review.encryption import review_encryption
from cdk_penstock.review.rule import Rule
from cdk_penstock.review.rules import RULES, find_all
from cdk_penstock.review.templates import Template, Templates
from cdk_penstock.review.wildcard_reasons import wildcards_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cdk_penstock.review.rule import Finding, Violation

SUBNETS = {"SubnetIds": {"Ref": "Subnets"}, "SecurityGroupIds": ["sg-1"]}
NO_VALUE = {"Ref": "AWS::NoValue"}
OFF = {"Fn::If": ["IsProd", True, False]}


def application(**configuration: Any) -> dict[str, Any]:
    whole = {
        "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True},
        "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True},
        **configuration,
    }
    properties = {"RuntimeEnvironment": "FLINK-1_20", "ApplicationConfiguration": whole}
    return {"Type": "AWS::KinesisAnalyticsV2::Application", "Properties": properties}


def logging() -> dict[str, Any]:
    option = {"ApplicationName": {"Ref": "App"}, "CloudWatchLoggingOption": {"LogStreamARN": "arn"}}
    return {"Type": "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption", "Properties": option}


def findings(app: Mapping[str, Any], **others: Any) -> list[Finding]:
    body = {"Resources": {"App": app, "Logging": logging(), **others}}
    return find_all(Templates((Template("t.json", body),)))


def rules(app: Mapping[str, Any], **others: Any) -> list[str]:
    return [finding.rule for finding in findings(app, **others)]


@pytest.mark.parametrize(
    "configurations",
    [
        {"Fn::If": ["InVpc", [SUBNETS], NO_VALUE]},
        {"Fn::If": ["InVpc", NO_VALUE, [SUBNETS]]},
        [{"Fn::If": ["InVpc", SUBNETS, NO_VALUE]}],
        [{"SubnetIds": {"Fn::If": ["InVpc", ["a"], {"Ref": "Subnets"}]}, "SecurityGroupIds": {"Ref": "Groups"}}],
        {"Ref": "Configurations"},
        [],
        NO_VALUE,
    ],
    ids=str,
)
def test_a_network_that_depends_on_a_condition_hides_no_other_finding(configurations: Any) -> None:
    snapshots_off = {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": False}}
    assert rules(application(VpcConfigurations=configurations)) == []
    assert rules(application(VpcConfigurations=configurations, **snapshots_off)) == ["MSF2"]


def test_a_network_that_is_not_a_list_is_a_finding_that_names_the_property() -> None:
    (finding,) = findings(application(VpcConfigurations=SUBNETS))
    assert finding.rule == "MSF6"
    assert "VpcConfigurations is not a list" in finding.problem
    assert finding.location == "ApplicationConfiguration.VpcConfigurations"


@pytest.mark.parametrize("name", ["VpcConfigurations", "SubnetIds"])
def test_a_public_subnet_in_one_branch_is_found(name: str) -> None:
    subnet = {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": "true"}}
    ids: Any = [{"Ref": "Public"}]
    if name == "SubnetIds":
        configurations: Any = [{"SubnetIds": {"Fn::If": ["Open", ids, ["subnet-1"]]}}]
    else:
        configurations = {"Fn::If": ["Open", NO_VALUE, [{"SubnetIds": ids}]]}
    assert rules(application(VpcConfigurations=configurations), Public=subnet) == ["MSF6"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": OFF}}, ["MSF2"]),
        ({"ApplicationSnapshotConfiguration": {"Fn::If": ["A", {"SnapshotsEnabled": "false"}, NO_VALUE]}}, ["MSF2"]),
        ({"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": {"Ref": "Rollback"}}}, []),
        ({"ApplicationSystemRollbackConfiguration": {"Ref": "Whole"}}, []),
        ({"ApplicationSystemRollbackConfiguration": {"Fn::If": ["A", {"RollbackEnabled": True}, NO_VALUE]}}, ["MSF3"]),
        ({"ApplicationSystemRollbackConfiguration": NO_VALUE}, ["MSF3"]),
    ],
    ids=str,
)
def test_a_branch_is_judged_and_a_value_of_the_deployment_is_not(changed: dict[str, Any], expected: list[str]) -> None:
    assert rules(application(**changed)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("CUSTOM", ["MSF1"]), ("DEFAULT", []), ({"Ref": "Kind"}, []), (None, ["MSF1"])]
)
def test_the_default_checkpointing_is_on_despite_the_flag(kind: Any, expected: list[str]) -> None:
    checkpoints = {"ConfigurationType": kind, "CheckpointingEnabled": False}
    app = application(FlinkApplicationConfiguration={"CheckpointConfiguration": checkpoints})
    assert rules(app) == expected


def test_a_whole_configuration_under_a_condition_is_judged_in_both_branches() -> None:
    app = application()
    configuration = app["Properties"]["ApplicationConfiguration"]
    app["Properties"]["ApplicationConfiguration"] = {"Fn::If": ["A", configuration, configuration]}
    assert rules(app) == []


def test_a_log_that_refers_to_the_application_by_name_counts() -> None:
    app, option = application(), logging()
    app["Properties"]["ApplicationName"] = option["Properties"]["ApplicationName"] = "clicks"
    body = {"Resources": {"App": app, "Logging": option}}
    assert find_all(Templates((Template("t.json", body),))) == []


def test_a_rule_that_fails_is_a_finding_and_hides_no_other() -> None:
    def check(templates: Templates) -> Iterator[Violation]:
        yield {}[str(templates)]  # type: ignore[index]

    broken = Rule(id="MSF0", title="a rule with a fault", source="", check=check)
    app = application(ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    body = {"Resources": {"App": app, "Logging": logging()}}
    found = find_all(Templates((Template("t.json", body),)), (broken, *RULES))
    assert [finding.rule for finding in found] == ["MSF0[unchecked]", "MSF2"]
    assert "MSF0 could not be checked" in found[0].problem
    assert found[0].resource.logical_id == "App"


@pytest.mark.parametrize(("conditions", "expected"), [(0, 1), (1, 2), (4, 16), (5, 12)])
def test_few_conditions_are_taken_in_every_combination(conditions: int, expected: int) -> None:
    values = [{"Fn::If": [f"C{number}", "a", "b"]} for number in range(conditions)]
    templates = Templates((Template("t.json", {"Resources": {"R": {"Type": "T", "Properties": {"V": values}}}}),))
    chosen = [json.dumps(each.all[0].body) for each in variants(templates)]
    assert len(set(chosen)) == len(chosen) == expected
    assert not any("Fn::If" in each for each in chosen)


class Stacks(tuple[SynthesizedStack, ...]):
    """Stacks that a counterexample names and does not print: hypothesis refuses to print as much."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "stacks"


@pytest.fixture(scope="module")
def stacks(
    cdk_context: dict[str, Any], job_zip: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SynthesizedStack, ...]:
    """Return the stacks of a whole environment, with every type of resource that a check reads."""
    folder = tmp_path_factory.mktemp("assembly")
    context = {**cdk_context, "package": str(job_zip), "env": "prod"}
    add_stages(App(outdir=str(folder), context=context)).synth()
    return Stacks(read_assembly(folder))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each of its keys or indexes."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


OTHERS: tuple[Callable[[Any], Any], ...] = (
    lambda _: {"Ref": "Parameter"},
    lambda _: NO_VALUE,
    lambda _: {"Fn::GetAtt": ["Some", "Thing"]},
    lambda _: {"Fn::GetAtt": "NoDot"},
    lambda _: {"Fn::Sub": "${Some.Thing}-x"},
    lambda _: {"Fn::Join": "text"},
    lambda _: {"Fn::Select": [9, "text"]},
    lambda _: "text",
    lambda _: "true",
    lambda _: "443",
    lambda _: 7,
    lambda _: True,
    lambda _: None,
    lambda _: [],
    lambda _: {},
    lambda value: [value],
    lambda value: [value, value],
    lambda value: {"Key": value},
    lambda value: {"Fn::If": ["Condition", value, NO_VALUE]},
    lambda value: {"Fn::If": ["Condition", "text", value]},
)


def changed(stacks: tuple[SynthesizedStack, ...], seed: int) -> tuple[SynthesizedStack, ...]:
    """Return the stacks with a few values of one of them in another form."""
    chance = random.Random(seed)  # noqa: S311 - not for a secret
    number = chance.randrange(len(stacks))
    body = copy.deepcopy(dict(stacks[number].template.body))
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(body["Resources"])))
        other = copy.deepcopy(chance.choice(OTHERS)(container[key]))
        note(f"{key}: {container[key]} -> {other}")
        container[key] = other
    template = dataclasses.replace(stacks[number].template, body=body)
    return (
        *stacks[:number], dataclasses.replace(stacks[number], template=template), *stacks[number + 1 :],
    )  # fmt: skip


def test_an_application_that_cannot_be_reviewed_is_a_problem_and_hides_no_other(
    stacks: tuple[SynthesizedStack, ...],
) -> None:
    processing = next(stack for stack in stacks if stack.name == "Prod-Processing")
    body = copy.deepcopy(dict(processing.template.body))
    first, second = (each for each in body["Resources"].values() if each["Type"] == "Custom::PenstockApplicationKey")
    first["Properties"]["OperatorRoleArn"] = {"Ref": "Parameter"}
    template = dataclasses.replace(processing.template, body=body)
    unread, read = review_encryption([dataclasses.replace(processing, template=template)])
    assert "has a form that the review does not know" in unread.problems[0]
    assert read.problems == ()
    assert second["Properties"]["ApplicationName"]


@pytest.mark.parametrize("policy", [[], "text", {"Statement": ["text"]}, {"Statement": [{"Action": {"Key": {}}}]}])
def test_a_key_policy_of_an_unknown_form_leaves_other_keys_checked(
    stacks: tuple[SynthesizedStack, ...], policy: object
) -> None:
    processing = next(stack for stack in stacks if stack.name == "Prod-Processing")
    body = copy.deepcopy(dict(processing.template.body))
    updates = [
        each["Properties"] for each in body["Resources"].values() if each["Type"] == "Custom::PenstockApplicationKey"
    ]
    first, second = (body["Resources"][each["KeyArn"]["Fn::GetAtt"][0]]["Properties"] for each in updates)
    first["KeyPolicy"] = policy
    second["KeyPolicy"]["Statement"] = second["KeyPolicy"]["Statement"][:1]
    template = dataclasses.replace(processing.template, body=body)
    rules = [finding.rule for finding in find_all(Templates((template,)))]
    assert "MSF11" in rules
    assert "MSF11[unchecked]" not in rules


@given(seed=st.integers(0, 2**32))
def test_no_form_of_a_template_stops_a_rule(seed: int, stacks: tuple[SynthesizedStack, ...]) -> None:
    off = application(ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    bystander = Template("other.json", {"Resources": {"App": off, "Logging": logging()}})
    found = find_all(Templates((*(stack.template for stack in changed(stacks, seed)), bystander)))
    assert [finding.rule for finding in found if finding.resource.template.path == "other.json"] == ["MSF2"]
    assert not [finding for finding in found if finding.rule.endswith("[unchecked]")]


@given(seed=st.integers(0, 2**32))
def test_no_form_of_a_template_stops_a_review(seed: int, stacks: tuple[SynthesizedStack, ...]) -> None:
    others = changed(stacks, seed)
    templates = Templates(tuple(stack.template for stack in others))
    wildcards_of(others)
    delivery_guarantees(others)
    assert all(review.application_arn for review in review_encryption(others) if not review.problems)
    estimate_templates(templates, usage=Usage(), prices=Prices())
