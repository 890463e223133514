"""The versions of an application, of an MSF in process."""

from __future__ import annotations

import pytest

from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.errors import ApplicationMissingError, ControlError
from tests.control.fake_aws import APPLICATION
from tests.control.fake_session import FakeAws
from tests.control.local_msf import PAGE, SERVICE


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def versions(aws: FakeAws, name: str = APPLICATION) -> ApplicationVersions:
    return ApplicationVersions(aws.client(SERVICE), name, clock=aws.world.clock)


def test_all_pages_are_listed_the_newest_first(aws: FakeAws) -> None:
    for number in range(2 * PAGE):
        aws.msf.change_code(f"job-{number}.zip")
    assert list(versions(aws).statuses()) == list(range(2 * PAGE + 1, 0, -1))


def test_each_version_has_what_made_it_and_what_it_changed(aws: FakeAws) -> None:
    aws.msf.start()
    aws.msf.change_snapshots(SnapshotsEnabledUpdate=True)
    aws.msf.change_code("job-2.zip")
    aws.msf.ask("RollbackApplication", CurrentApplicationVersionId=3)
    aws.msf.await_status("RUNNING")
    rolled_back, code, snapshots, created = versions(aws).history(10)
    assert (created.version_id, created.made_by, created.changed) == (1, "CreateApplication", ())
    assert (code.version_id, code.made_by) == (3, "UpdateApplication")
    assert [each.after for each in code.changed if each.setting == "code"] == ["s3://code/job-2.zip"]
    assert code.change is not None
    assert code.change.operation_id == aws.msf.operation_ids("UpdateApplication")[1]
    assert snapshots.changed == ()
    assert rolled_back.version_id == 4
    assert rolled_back.made_by == "a rollback from version 3 to version 2"
    assert [str(each) for each in rolled_back.changed if each.setting == "code"] == [
        "code: s3://code/job-2.zip -> s3://code/job-1.zip"
    ]
    assert created.created_at is not None
    assert rolled_back.created_at is not None
    assert created.created_at < rolled_back.created_at


def test_a_short_list_looks_at_no_more_than_it_shows(aws: FakeAws) -> None:
    for number in range(10):
        aws.msf.change_code(f"job-{number}.zip")
    newest = versions(aws).history(1)
    assert [each.version_id for each in newest] == [11]
    assert [each.setting for each in newest[0].changed] == ["code"]
    # The version itself, and the one that it was made from.
    assert len(aws.world.named("DescribeApplicationVersion")) == 2
    assert len(aws.world.named("DescribeApplicationOperation")) <= 2


def test_a_version_that_does_not_exist_is_told_with_those_that_do(aws: FakeAws) -> None:
    aws.msf.change_code("job-2.zip")
    with pytest.raises(ControlError, match=f"{APPLICATION} has no version 7: expected one of 1 to 2"):
        versions(aws).describe(7)
    with pytest.raises(ApplicationMissingError, match="list the versions of nobody"):
        versions(aws, "nobody").describe(1)
