"""The function that deletes old packages of code, on the local MSF."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError
from cdk_penstock.handlers import artifact_retention_handler
from cdk_penstock.handlers.artifact_retention_handler import PackageRetention
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.stringified import read_object, write_object
from cdk_penstock.model.package_pruning import PackageCheck, PackageOwner
from tests.control.fake_aws import APPLICATION, OPERATOR, Killed, error
from tests.control.fake_session import FakeAws

CHECK = PackageCheck(
    bucket_name="code",
    prefix="jobs/",
    owners=(PackageOwner(application_name=APPLICATION, operator_role_arn=OPERATOR),),
    rollback_versions=3,
    min_age_seconds=30 * 86_400,
)


@pytest.fixture
def aws() -> FakeAws:
    """Return AWS with an application of eight versions with their packages, and a snapshot of the fourth one."""
    aws = FakeAws()
    for number in range(1, 9):
        key = f"jobs/{number}.zip"
        aws.s3.stored[key, f"v{number}"] = aws.world.time
        aws.msf.change_code(key)
        if number == 4:
            aws.msf.start()
            aws.msf.take("keep-it")
            aws.msf.ask("StopApplication", Force=True)
            aws.msf.await_status("READY")
    aws.s3.stored["others/a.zip", "v1"] = aws.world.time
    aws.s3.stored["jobs.zip", "v1"] = aws.world.time
    aws.world.sleep(60 * 86_400)
    aws.world.calls.clear()
    return aws


def run(aws: FakeAws, **changes: Any) -> None:
    services = Services(new_session=aws.new_session, clock=aws.world.clock)
    PackageRetention(replace(CHECK, **changes), services).run()


def stored(aws: FakeAws) -> set[str]:
    return {key for key, _version in aws.s3.stored}


NEEDED = {"jobs/4.zip", "jobs/6.zip", "jobs/7.zip", "jobs/8.zip"}
OTHERS = {"others/a.zip", "jobs.zip"}


def test_the_present_package_those_of_the_last_versions_and_of_snapshots_are_kept(
    aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    run(aws)
    assert stored(aws) == NEEDED | OTHERS
    assert f"keep jobs/8.zip v8: {APPLICATION}: the present version" in caplog.text
    assert "which snapshot keep-it belongs to" in caplog.text
    assert "delete jobs/1.zip v1" in caplog.text


def test_nothing_out_of_the_prefix_is_listed_or_deleted(aws: FakeAws) -> None:
    run(aws)
    assert {each["Prefix"] for each in aws.world.named("ListObjectVersions")} == {"jobs/"}
    assert all(each["Key"].startswith("jobs/") for each in aws.world.named("DeleteObject"))


def test_a_young_package_is_kept_until_it_is_old(aws: FakeAws) -> None:
    aws.s3.stored["jobs/next.zip", "v9"] = aws.world.time
    run(aws)
    assert "jobs/next.zip" in stored(aws)
    aws.world.sleep(31 * 86_400)
    run(aws)
    assert stored(aws) == NEEDED | OTHERS


def test_an_older_version_of_the_same_object_is_deleted_only_if_versions_are_named(aws: FakeAws) -> None:
    aws.s3.stored["jobs/8.zip", "v0"] = aws.world.time - timedelta(days=300)
    run(aws)
    assert ("jobs/8.zip", "v0") in aws.s3.stored


def test_a_dry_run_only_tells(aws: FakeAws, caplog: pytest.LogCaptureFixture) -> None:
    before = stored(aws)
    run(aws, dry_run=True)
    assert stored(aws) == before
    assert "would delete jobs/1.zip v1" in caplog.text


@pytest.mark.parametrize("status", ["UPDATING", "AUTOSCALING"])
def test_nothing_is_deleted_while_the_application_changes(aws: FakeAws, status: str) -> None:
    aws.msf.start()
    aws.msf.move(status)
    before = stored(aws)
    run(aws)
    assert stored(aws) == before


@pytest.mark.parametrize("changes", [{"prefix": "others/"}, {"bucket_name": "elsewhere"}])
def test_nothing_is_deleted_where_the_present_code_is_not(aws: FakeAws, changes: dict[str, str]) -> None:
    before = stored(aws)
    with pytest.raises(
        ControlError, match=r"the present code of application vehicles is s3://code/jobs/8\.zip, expected"
    ):
        run(aws, **changes)
    assert stored(aws) == before


def test_nothing_is_deleted_if_one_application_cannot_be_looked_at(aws: FakeAws) -> None:
    before = stored(aws)
    unknown = replace(CHECK.owners[0], application_name="unknown")
    with pytest.raises(ControlError, match="describe application unknown"):
        run(aws, owners=(CHECK.owners[0], unknown))
    assert stored(aws) == before


def test_nothing_is_deleted_if_the_version_of_a_snapshot_is_unknown(aws: FakeAws) -> None:
    before = stored(aws)
    gone = error("ResourceNotFoundException", "no such version")
    aws.world.on_call = lambda operation, request: (
        aws.world.fail(operation, gone)
        if operation == "DescribeApplicationVersion" and request["ApplicationVersionId"] == 5
        else None
    )
    with pytest.raises(ControlError, match="has no version 5"):
        run(aws)
    assert stored(aws) == before


def test_killed_at_any_call_the_next_run_ends_the_same(aws: FakeAws) -> None:
    everything = dict(aws.s3.stored)
    for killed_at in range(1, 30):
        aws.s3.stored = dict(everything)
        aws.world.kill_after = len(aws.world.calls) + killed_at
        with suppress(Killed):
            run(aws)
        assert stored(aws) >= NEEDED | OTHERS
        aws.world.kill_after = None
        run(aws)
        assert stored(aws) == NEEDED | OTHERS


def test_what_is_not_deleted_in_time_is_left_to_the_next_run(aws: FakeAws) -> None:
    for number in range(500):
        aws.s3.stored[f"jobs/old{number:03}.zip", "v1"] = aws.world.time - timedelta(days=99)
    run(aws)
    assert len(stored(aws)) > len(NEEDED | OTHERS)
    run(aws)
    run(aws)
    assert stored(aws) == NEEDED | OTHERS


def test_a_call_of_the_scheduler_is_read_as_the_construct_writes_it(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services(new_session=aws.new_session, clock=aws.world.clock)
    monkeypatch.setattr(artifact_retention_handler, "Services", lambda: services)
    event = json.loads(json.dumps(write_object(CHECK)))
    assert read_object(PackageCheck, event) == CHECK
    artifact_retention_handler.handle(event, None)
    assert stored(aws) == NEEDED | OTHERS
