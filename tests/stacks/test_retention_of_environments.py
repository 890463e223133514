"""Scheduled snapshots and old packages, as an environment's file asks for them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Template

from app import ENVIRONMENTS
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.package_pruning import PackageCheck
from cdk_penstock.model.snapshots import SnapshotRetention
from cdk_penstock.model.snapshots.snapshot_check import SnapshotCheck
from stacks.environment.files import EnvironmentFileError, load_environments
from tests.stacks.test_app import environment, staged
from tests.stacks.test_environment_files import MINIMAL, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stacks.environment import Environment

OPERATORS = {"roles": ["arn:aws:iam::111122223333:role/OnCall"]}
CODE = {"bucket": "team-packages", "object_key": "clicks/job-7.zip", "object_version": "v1"}


def schedules(settings: Environment, job_zip: Path | None = None) -> dict[str, dict[str, Any]]:
    """Return what each schedule passes to its function, by the description of the schedule."""
    body = Template.from_stack(staged(settings, job_zip).processing).to_json()
    found = {}
    for each in body["Resources"].values():
        if each["Type"] == "AWS::Scheduler::Schedule":
            text = each["Properties"]["Target"]["Input"]["Fn::Join"][1]
            event = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in text))
            found[each["Properties"]["Description"]] = event
    return found


def test_the_snapshots_of_the_application_are_kept_as_long_as_the_topic_keeps_events(job_zip: Path) -> None:
    events = {"cluster_name": "clicks", "retention_hours": 80}
    found = schedules(environment(operators=OPERATORS, events=events, snapshots={"newest": 4}), job_zip)
    check = read_object(SnapshotCheck, found["Looks at the snapshots of clicks"])
    assert check.every_seconds == 6 * 3600
    assert check.retention == SnapshotRetention(newest=4, daily_for_days=3)
    assert not check.dry_run


def test_with_everything_on_the_snapshots_and_packages_are_those_of_the_file() -> None:
    snapshots = {
        "every_hours": 2,
        "max_age_hours": 9,
        "newest": 3,
        "daily_for_days": 0,
        "rollback_versions": 1,
        "pinned_prefix": "",
        "dry_run": True,
    }
    packages = {"prefix": "clicks/", "rollback_versions": 2, "min_age_days": 7, "dry_run": True}
    settings = environment(
        operators=OPERATORS,
        alarm_topic="arn:aws:sns:eu-central-1:111122223333:on-call",
        application={"code": CODE},
        snapshots=snapshots,
        packages=packages,
    )
    found = schedules(settings)
    check = read_object(SnapshotCheck, found["Looks at the snapshots of clicks"])
    assert check.retention == SnapshotRetention(newest=3, daily_for_days=0, rollback_versions=1, pinned_prefix=None)
    assert (check.every_seconds, check.dry_run) == (2 * 3600, True)
    stored: PackageCheck = read_object(PackageCheck, found["Deletes old packages below clicks/"])
    assert (stored.bucket_name, stored.rollback_versions, stored.dry_run) == ("team-packages", 2, True)
    assert stored.min_age_seconds == 7 * 86_400
    assert [each.application_name for each in stored.owners] == ["clicks"]


def test_alarms_make_tickets_that_notify_the_topic() -> None:
    topic = "arn:aws:sns:eu-central-1:111122223333:on-call"
    settings = environment(
        operators=OPERATORS,
        alarm_topic=topic,
        application={"code": CODE},
        snapshots={"max_age_hours": 9},
        packages={"prefix": "clicks/"},
    )
    body = Template.from_stack(staged(settings).processing).to_json()
    alarms = {
        each["Properties"]["MetricName"]: each["Properties"]
        for name, each in body["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm" and name.startswith("Retention")
    }
    assert set(alarms) == {"SnapshotAge", "SnapshotCount", "AsyncEventsDropped"}
    (ticket,) = [
        each["Properties"]
        for name, each in body["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::CompositeAlarm" and name.startswith("VehicleMetricsOperationsAlarmsTicket")
    ]
    assert ticket["AlarmActions"] == [topic]
    assert len(set(re.findall(r"Retention\w+Alarm\w+", json.dumps(ticket["AlarmRule"])))) == len(alarms)
    assert alarms["SnapshotAge"]["Threshold"] == 9 * 3600


def test_without_the_tables_nothing_is_scheduled(job_zip: Path) -> None:
    assert schedules(environment(operators=OPERATORS), job_zip) == {}


def test_production_and_staging_have_scheduled_snapshots_and_development_has_none() -> None:
    found: Mapping[str, Environment] = {each.name: each for each in load_environments(ENVIRONMENTS)}
    assert found["prod"].snapshots is not None
    assert found["staging"].snapshots is not None
    assert found["dev"].snapshots is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("snapshots = { }", "operators is missing: [snapshots] is carried out as the operator role"),
        ("snapshots = { every_hours = 0 }", "snapshots.every_hours: got 0, expected at least 1"),
        ("snapshots = { every_hours = 169 }", "snapshots.every_hours: got 169, expected at most 168"),
        ("snapshots = { max_age_hours = 6 }", "max_age_hours: got 6, expected more than every_hours, which is 6"),
        ("snapshots = { newest = 0 }", "newest must be a whole number, at least 1, got 0"),
        ("snapshots = { newest = 900 }", "expected at most 900"),
        ("snapshots = { pinned_prefix = 'a b' }", "pinned_prefix must be 1 to 60 letters"),
        ("packages = { prefix = 'clicks/' }", "operators is missing: [packages] is carried out"),
        ("packages = { prefix = 'clicks' }", "prefix must be a folder such as 'orders/'"),
        ("packages = { prefix = 'clicks/', min_age_days = 0 }", "packages.min_age_days: got 0, expected at least 1"),
    ],
)
def test_values_that_cannot_be_are_refused_when_the_file_is_read(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=re.escape(message)):
        load_environments(write(tmp_path, f"{text}\n{MINIMAL}"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({}, "got application.code with no bucket"),
        ({"bucket": "b-1", "object_key": "others/a.zip"}, "got application.code with b-1/others/a.zip"),
        (
            {"bucket": "cdk-hnb659fds-assets-111122223333-eu-central-1", "object_key": "clicks/a.zip"},
            "is the CDK's bucket of assets",
        ),
    ],
)
def test_packages_that_are_not_the_applications_alone_are_refused(code: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        environment(operators=OPERATORS, packages={"prefix": "clicks/"}, application={"code": code})
