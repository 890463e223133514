"""MSF's behaviours: lists, and tags. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount


def pages(call: Callable[..., Mapping[str, Any]], summaries: str, member: str, **given: Any) -> list[Any]:
    """Return a member of everything that a call lists, in pages of three."""
    seen: list[Any] = []
    page = call(Limit=3, **given)
    while True:
        assert len(page[summaries]) <= 3
        seen += [each[member] for each in page[summaries]]
        if "NextToken" not in page:
            return seen
        page = call(Limit=3, NextToken=page["NextToken"], **given)


@pytest.mark.source("M")
def test_applications_are_listed_in_pages_without_gaps(account: MsfAccount) -> None:
    names = [account.another(str(number)) for number in range(7)]
    for name in names:
        account.create(name)
    call = account.msf.list_applications
    seen = pages(call, "ApplicationSummaries", "ApplicationName")
    assert sorted(name for name in seen if name in names) == names
    assert pages(call, "ApplicationSummaries", "ApplicationName") == seen


@pytest.mark.source("M")
def test_versions_operations_and_snapshots_are_listed_in_pages_without_gaps(account: MsfAccount) -> None:
    account.create(start=True)
    names = [f"s{number}" for number in range(4)]
    for name in names:
        account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName=name)
        account.settle()
    account.stop(Force=True)
    account.settle()
    for value in "123":
        account.update(**properties(a=value))
    msf, given = account.msf, {"ApplicationName": account.name}
    assert set(pages(msf.list_application_snapshots, "SnapshotSummaries", "SnapshotName", **given)) == set(names)
    versions = pages(msf.list_application_versions, "ApplicationVersionSummaries", "ApplicationVersionId", **given)
    assert sorted(versions) == [1, 2, 3, 4]
    operations = pages(msf.list_application_operations, "ApplicationOperationInfoList", "Operation", **given)
    assert operations == ["UpdateApplication"] * 3 + ["StopApplication", "StartApplication"]


@pytest.mark.source("M")
@pytest.mark.parametrize(
    "operation",
    [
        "list_applications",
        "list_application_versions",
        "list_application_operations",
        "list_application_snapshots",
    ],
)
def test_a_page_has_at_most_50(account: MsfAccount, operation: str) -> None:
    account.create()
    given = {} if operation == "list_applications" else {"ApplicationName": account.name}
    getattr(account.msf, operation)(Limit=50, **given)
    with account.refused("InvalidArgumentException"):
        getattr(account.msf, operation)(Limit=51, **given)


@pytest.mark.source("M")
@pytest.mark.parametrize("token", ["x", "bm9uZQ==", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "LTE="])
def test_a_token_that_the_service_did_not_give_is_refused(account: MsfAccount, token: str) -> None:
    with account.refused("InvalidArgumentException"):
        account.msf.list_applications(NextToken=token)


@pytest.mark.source("M")
def test_tags_are_listed_and_not_described(account: MsfAccount) -> None:
    detail = account.create_bare(Tags=[{"Key": "team", "Value": "fleet"}])
    assert "Tags" not in detail
    arn = detail["ApplicationARN"]
    account.msf.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
    account.msf.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert account.msf.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]


@pytest.mark.source("M")
def test_there_are_at_most_50_tags(account: MsfAccount) -> None:
    with account.refused("TooManyTagsException"):
        account.create_bare(Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])


@pytest.mark.source("M")
def test_tags_of_another_account_s_application_are_not_there(local: InProcess) -> None:
    arn = local.create_bare()["ApplicationARN"].replace(":123456789012:", ":210987654321:")
    with local.refused("ResourceNotFoundException"):
        local.msf.list_tags_for_resource(ResourceARN=arn)
