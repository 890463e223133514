"""The runbook names what it has to, which the templates of production say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from app import build_app

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
COLLIDING = {
    "AWS::KinesisAnalyticsV2::Application": "ApplicationName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MSK::Configuration": "Name",
}
"""Resource types that take a name that only one of the account and Region may have."""
NOT_IN_THE_WAY = {
    "AWS::APS::RuleGroupsNamespace",
    "AWS::APS::Workspace",
    "AWS::Grafana::Workspace",
    "AWS::MSK::Topic",
    "AWS::Logs::LogStream",
}
"""Resource types whose names need not be unique, or are those of a part of what is named above."""


@pytest.fixture(scope="module")
def resources(cdk_context: dict[str, Any], job_zip: Path) -> list[dict[str, Any]]:
    assembly = build_app(App(context={**cdk_context, "package": str(job_zip), "env": "prod"})).synth()
    stacks = assembly.get_nested_assembly("assembly-Prod").stacks
    return [body for stack in stacks for body in stack.template["Resources"].values()]


def kept(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [body for body in resources if body.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}]


def commands() -> str:
    """Return the commands of the section on a destroy, with the names that its loop goes through."""
    section = TEXT.split("## Deploy again after a destroy", 1)[1].split("\n## ", 1)[0]
    loop = re.search(r"for NAME in (.+?); do\n(.*?)\ndone", section, re.DOTALL)
    assert loop is not None
    return section + "".join(loop[2].replace("$NAME", name) for name in loop[1].split())


def test_all_that_stays_and_has_a_name_is_deleted_before_a_new_start(resources: list[dict[str, Any]]) -> None:
    names = {
        str(body["Properties"][COLLIDING[body["Type"]]])
        for body in kept(resources)
        if body["Type"] in COLLIDING and COLLIDING[body["Type"]] in body["Properties"]
    }
    assert len(names) >= 8
    missing = {name for name in names if not re.search(rf"[\s\"'=]{re.escape(name)}[\s\"'\]]", commands())}
    assert not missing


def test_nothing_else_that_stays_has_a_name(resources: list[dict[str, Any]]) -> None:
    named = {
        body["Type"]
        for body in kept(resources)
        for key in body.get("Properties", {})
        if key == "Name" or key.endswith("Name") or key == "Alias"
    }
    # The logging option only refers to its application.
    option = "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption"
    assert named <= set(COLLIDING) | NOT_IN_THE_WAY | {option}
