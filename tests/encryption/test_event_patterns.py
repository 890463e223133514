"""The matcher of these tests, against cases read from EventBridge's pages and against EventBridge's own engine."""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from cdk_penstock.application import FlinkApplication
from cdk_penstock.encryption import KeyGuard
from tests.encryption.cloudtrail_events import (
    KEY,
    OPERATOR,
    OTHER_KEY,
    grant_event,
    key_event,
    role_event,
    update_event,
)
from tests.encryption.conftest import ACCOUNT, new_stack
from tests.encryption.event_patterns import matches

RULER = Path(__file__).parent / "event_ruler"

CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"a": ["x", "y"]}, {"a": "y"}, True),
    ({"a": ["x"]}, {"a": "xy"}, False),
    ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
    ({"a": ["x"]}, {"a": ["w", "x"]}, True),
    ({"a": {"b": ["x"]}}, {"a": {"b": "x", "c": 1}}, True),
    ({"a": {"b": ["x"]}}, {"a": "x"}, False),
    ({"a": {"b": ["x"]}}, {"a": [{"b": "w"}, {"b": "x"}]}, True),
    ({"a": [None]}, {"a": None}, True),
    ({"a": [None]}, {"b": 1}, False),
    ({"a": [{"exists": False}]}, {"b": 1}, True),
    ({"a": [{"exists": False}]}, {"a": None, "b": 1}, False),
    ({"a": [{"exists": True}]}, {"a": None, "b": 1}, True),
    ({"a": {"b": [{"exists": False}]}, "c": ["x"]}, {"c": "x"}, True),
    ({"a": {"b": [{"exists": False}]}, "c": ["x"]}, {"a": {"b": "w"}, "c": "x"}, False),
    ({"a": {"b": [{"exists": False}]}, "c": ["x"]}, {"a": {"d": "w"}, "c": "x"}, True),
    ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
    ({"a": [{"anything-but": ["x"]}]}, {"a": "x"}, False),
    ({"a": [{"anything-but": ["x"]}]}, {"b": "y"}, False),
    ({"a": [{"anything-but": {"wildcard": ["x*z", "w"]}}]}, {"a": "xyz"}, False),
    ({"a": [{"anything-but": {"wildcard": ["x*z", "w"]}}]}, {"a": "w"}, False),
    ({"a": [{"anything-but": {"wildcard": ["x*z", "w"]}}]}, {"a": "xyzw"}, True),
    ({"a": [{"anything-but": {"wildcard": ["x*z", "w"]}}]}, {"b": "y"}, False),
    ({"a": {"$or": [{"b": ["x"]}, {"b": [{"exists": False}], "c": ["y"]}]}}, {"a": {"c": "y"}}, True),
    ({"a": {"$or": [{"b": ["x"]}, {"b": [{"exists": False}], "c": ["y"]}]}}, {"a": {"b": "w", "c": "y"}}, False),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "y", "b": "x"}, False),
    ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, False),
    ({"$or": [{"a": [{"anything-but": ["x"]}]}, {"a": [{"exists": False}]}]}, {"b": "x"}, True),
]


@pytest.mark.parametrize(("pattern", "event", "expected"), CASES)
def test_the_matcher_follows_the_documented_rules(
    pattern: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    assert matches(pattern, event) is expected


def test_a_matcher_that_is_not_modelled_is_no_match_by_mistake() -> None:
    with pytest.raises(AssertionError, match="not modelled"):
        matches({"a": [{"suffix": "x"}]}, {"a": "x"})


@pytest.mark.build
def test_the_matcher_agrees_with_the_engine_of_eventbridge(tmp_path: Path) -> None:
    guarded = list(itertools.product(guard_patterns(), events()))
    pairs = [*((pattern, event) for pattern, event, _ in CASES), *guarded]
    ours = [matches(pattern, event) for pattern, event in pairs]
    assert {True, False} == {matches(pattern, event) for pattern, event in guarded}
    assert engine(pairs, tmp_path) == ours


def engine(pairs: list[tuple[dict[str, Any], dict[str, Any]]], folder: Path) -> list[bool]:
    """Return whether each event matches its pattern, according to the library that EventBridge itself uses."""
    jars = folder / "jars"
    maven = ["mvn", *os.environ.get("MAVEN_OPTIONS", "-B -q").split(), "-f", str(RULER / "pom.xml")]
    subprocess.run([*maven, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"], check=True)
    lines = folder / "pairs.jsonl"
    lines.write_text("".join(json.dumps({"pattern": pattern, "event": event}) + "\n" for pattern, event in pairs))
    program = ["java", "-cp", f"{jars}/*", str(RULER / "Matches.java"), str(lines)]
    printed = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    return [line == "true" for line in printed.splitlines()]


def guard_patterns() -> list[dict[str, Any]]:
    stack = new_stack()
    KeyGuard(
        stack,
        "Guard",
        application=FlinkApplication.from_application_name(stack, "App", "orders"),
        keys=[kms.Key.from_key_arn(stack, "Key", KEY)],
        operators=[iam.Role.from_role_arn(stack, "Operator", OPERATOR)],
    )
    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule").values()
    return [rule["Properties"]["EventPattern"] for rule in rules]


def events() -> list[dict[str, Any]]:
    """Return calls on keys and applications, each as recorded and with each field of its detail absent or null."""
    root = update_event(None)
    root["detail"]["userIdentity"] = {"type": "Root"}
    without_issuer = update_event(None)
    without_issuer["detail"]["userIdentity"]["sessionContext"] = {"attributes": {"mfaAuthenticated": "false"}}
    other_update = update_event(None)
    other_update["detail"]["requestParameters"]["applicationConfigurationUpdate"] = {
        "flinkApplicationConfigurationUpdate": {"parallelismConfigurationUpdate": {"parallelismUpdate": 2}}
    }
    recorded = [
        key_event("DisableKey"),
        key_event("PutKeyPolicy", named=KEY),
        key_event("ScheduleKeyDeletion", OTHER_KEY),
        key_event("EnableKey"),
        update_event(OPERATOR),
        update_event(f"arn:aws:iam::{ACCOUNT}:role/Someone"),
        root,
        without_issuer,
        other_update,
        grant_event(),
        grant_event(invoked_by="kinesisanalytics.amazonaws.com"),
        role_event("UpdateAssumeRolePolicy", "Operator"),
        role_event("DeleteRole", "Other"),
    ]
    changed = list(recorded)
    for event in recorded:
        for field in (*event["detail"], "errorCode"):
            null, absent = copy.deepcopy(event), copy.deepcopy(event)
            null["detail"][field] = None
            absent["detail"].pop(field, None)
            changed += [null, absent]
    return changed
