"""Edits of templates, against what a new synthesis makes of the same change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.rehearsal.acts.template_edits import change_keys, code_keys, raise_parallelism, use_code
from tests.encryption.conftest import APPLICATION, KEY_UPDATE, START, Deployment, application_in, encryption_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack

    Deploy = Callable[[Callable[[Stack], object]], Deployment]


def started(stack: Stack, **props: Any) -> None:
    application = application_in(stack, parallelism=4)
    encryption = encryption_in(stack, application, **props)
    VerifiedStart(stack, "Start", application=application, operator=encryption.operator)


@pytest.fixture(scope="module")
def deploy() -> Deploy:
    from aws_cdk.assertions import Template  # noqa: PLC0415 - only here

    from tests.encryption.conftest import new_stack  # noqa: PLC0415

    def synthesize(build: Callable[[Stack], object]) -> Deployment:
        stack = new_stack()
        build(stack)
        return Deployment(stack, Template.from_stack(stack))

    return synthesize


@pytest.fixture(scope="module")
def first(deploy: Deploy) -> Deployment:
    return deploy(started)


@pytest.fixture(scope="module")
def second_key(deploy: Deploy) -> Deployment:
    return deploy(lambda stack: started(stack, key_generation=2))


def body_of(deployment: Deployment) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(deployment.template.to_json()))
    return body


def comparable(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return resources under the names of constructs, without the order of dependencies."""
    text = json.dumps(body["Resources"])
    for old, new in sorted(names.items(), key=lambda each: -len(each[0])):
        text = text.replace(f'"{old}"', f'"{new}"')
    resources: dict[str, Any] = json.loads(text)
    for resource in resources.values():
        resource.pop("Metadata", None)
        if "DependsOn" in resource:
            resource["DependsOn"] = sorted(resource["DependsOn"])
    return resources


def test_another_key_is_what_a_higher_key_generation_synthesizes(first: Deployment, second_key: Deployment) -> None:
    edited = body_of(first)
    (new,) = change_keys(edited)
    synthesized = body_of(second_key)
    (old,) = first.names("AWS::IAM::ManagedPolicy", "AppOperatorPolicyKey1")
    names = dict.fromkeys(second_key.names("AWS::IAM::ManagedPolicy", "AppOperatorPolicyKey2"), f"{old}Next")
    names |= dict.fromkeys(second_key.names("AWS::KMS::Key", "AppKey2"), new)
    assert comparable(edited, {}) == comparable(synthesized, names)


def test_new_code_changes_the_application_what_is_expected_of_it_and_its_revision(first: Deployment) -> None:
    body = body_of(first)
    assert code_keys(body) == ["job.zip"]
    use_code(body, {"job.zip": "next.zip"})
    (start,) = (each for each in body["Resources"].values() if each["Type"] == START)
    assert start["Properties"]["Expected"]["CodeKey"] == "next.zip"
    assert code_keys(body) == ["next.zip"]
    for kind in (START, KEY_UPDATE):
        assert revision(body, kind) != revision(body_of(first), kind)


def test_code_that_no_application_has_changes_nothing(first: Deployment) -> None:
    body = body_of(first)
    use_code(body, {"other.zip": "next.zip"})
    assert body == body_of(first)


def test_the_parallelism_is_raised_by_one(first: Deployment) -> None:
    body = body_of(first)
    raise_parallelism(body)
    (application,) = (each for each in body["Resources"].values() if each["Type"] == APPLICATION)
    flink = application["Properties"]["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    assert flink["ParallelismConfiguration"]["Parallelism"] == 5
    assert revision(body, START) != revision(body_of(first), START)


def revision(body: dict[str, Any], kind: str) -> str:
    (found,) = (each for each in body["Resources"].values() if each["Type"] == kind)
    return str(found["Properties"]["ApplicationRevision"])
