"""Each operation in each status of an application: accepted or refused, and a refusal changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.operations.registry import OPERATIONS
from cdk_penstock.model.lifecycle.legality import LEGAL_STATUSES
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.local.service.in_process import ACCOUNT, REGION, InProcess
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STATUSES = (
    "READY", "STARTING", "RUNNING", "UPDATING", "AUTOSCALING", "STOPPING", "FORCE_STOPPING", "ROLLING_BACK",
    "MAINTENANCE", "DELETING",
)  # fmt: skip
# L is accepted, U is ResourceInUseException, R is InvalidRequestException. The columns are the statuses.
TABLE = {
    "StartApplication":                          "L U U U U U U U U U",
    "StopApplication":                           "U U L U U U U U U U",
    "StopApplication with Force":                "R L L L L L R R R R",
    "UpdateApplication":                         "L U L U U U U U U U",
    "AddApplicationCloudWatchLoggingOption":     "L U L U U U U U U U",
    "DeleteApplicationCloudWatchLoggingOption":  "L U L U U U U U U U",
    "AddApplicationVpcConfiguration":            "L U L U U U U U U U",
    "DeleteApplicationVpcConfiguration":         "L U L U U U U U U U",
    "RollbackApplication":                       "U U L L L U U U U U",
    "CreateApplicationSnapshot":                 "U U L U U U U U U U",
    "DeleteApplicationSnapshot":                 "L L L L L L L L L U",
    "UpdateApplicationMaintenanceConfiguration": "L U L U U U U U U U",
    "DeleteApplication":                         "L U L U U U U U U U",
    "TagResource":                               "L L L L L L L L L U",
    "UntagResource":                             "L L L L L L L L L U",
    "ListTagsForResource":                       "L L L L L L L L L L",
    "DescribeApplication":                       "L L L L L L L L L L",
    "DescribeApplicationVersion":                "L L L L L L L L L L",
    "DescribeApplicationOperation":              "L L L L L L L L L L",
    "DescribeApplicationSnapshot":               "L L L L L L L L L L",
    "ListApplications":                          "L L L L L L L L L L",
    "ListApplicationVersions":                   "L L L L L L L L L L",
    "ListApplicationOperations":                 "L L L L L L L L L L",
    "ListApplicationSnapshots":                  "L L L L L L L L L L",
}  # fmt: skip
ANSWERS = {"U": "ResourceInUseException", "R": "InvalidRequestException"}
CELLS = [
    (operation, status, cell)
    for operation, cells in TABLE.items()
    for status, cell in zip(STATUSES, cells.split(), strict=True)
]
STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:s"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


def in_status(folder: Path, status: str) -> InProcess:
    """Return a service with an application in this status, whose second version has run."""
    local = InProcess(folder)
    local.create(start=True, VpcConfigurations=[VPC])
    local.msf.add_application_cloud_watch_logging_option(
        ApplicationName="app", CurrentApplicationVersionId=1, CloudWatchLoggingOption={"LogStreamARN": STREAM}
    )
    local.settle()
    local.msf.create_application_snapshot(ApplicationName="app", SnapshotName="s")
    local.settle()
    if status in {"READY", "STARTING"}:
        local.msf.stop_application(ApplicationName="app")
        local.settle()
    detail = local.describe()
    msf, service, arn = local.msf, local.service, detail["ApplicationARN"]
    begin: Mapping[str, Callable[[], object]] = {
        "STARTING": lambda: msf.start_application(ApplicationName="app"),
        "UPDATING": lambda: local.update(**properties(a="1")),
        "AUTOSCALING": lambda: service.commit(scale(service.situation(arn), up=True)),
        "STOPPING": lambda: msf.stop_application(ApplicationName="app"),
        "FORCE_STOPPING": lambda: msf.stop_application(ApplicationName="app", Force=True),
        "ROLLING_BACK": local.roll_back,
        "MAINTENANCE": lambda: service.commit(maintain(service.situation(arn))),
        "DELETING": lambda: msf.delete_application(ApplicationName="app", CreateTimestamp=detail["CreateTimestamp"]),
    }
    if status in begin:
        begin[status]()
    assert local.describe()["ApplicationStatus"] == status
    return local


def parameters(local: InProcess, operation: str) -> dict[str, Any]:
    """Return parameters with which the operation is accepted, if the status allows it."""
    detail = local.describe()
    arn, version = detail["ApplicationARN"], detail["ApplicationVersionId"]
    configuration = detail["ApplicationConfigurationDescription"]
    store = local.service.store
    application = store.application(arn)
    snapshot = store.legacy_snapshot(application, "s")
    assert snapshot is not None
    window = {"ApplicationMaintenanceWindowStartTimeUpdate": "11:00"}
    ((_, newest),) = store.operations(application, limit=1, name="", status="")
    more: dict[str, dict[str, Any]] = {
        "StopApplication with Force": {"Force": True},
        "UpdateApplication": {"CurrentApplicationVersionId": version, "ApplicationConfigurationUpdate": properties()},
        "AddApplicationCloudWatchLoggingOption": {"CloudWatchLoggingOption": {"LogStreamARN": STREAM}},
        "DeleteApplicationCloudWatchLoggingOption": {
            "CloudWatchLoggingOptionId": detail.get("CloudWatchLoggingOptionDescriptions", [{}])[0].get(
                "CloudWatchLoggingOptionId", "2.1"
            )
        },
        "AddApplicationVpcConfiguration": {"VpcConfiguration": VPC},
        "DeleteApplicationVpcConfiguration": {
            "VpcConfigurationId": configuration["VpcConfigurationDescriptions"][0]["VpcConfigurationId"]
        },
        "CreateApplicationSnapshot": {"SnapshotName": "another"},
        "DeleteApplicationSnapshot": {"SnapshotName": "s", "SnapshotCreationTimestamp": snapshot.created_at},
        "UpdateApplicationMaintenanceConfiguration": {"ApplicationMaintenanceConfigurationUpdate": window},
        "DeleteApplication": {"CreateTimestamp": detail["CreateTimestamp"]},
        "DescribeApplicationVersion": {"ApplicationVersionId": 1},
        "DescribeApplicationOperation": {"OperationId": newest.operation_id},
        "DescribeApplicationSnapshot": {"SnapshotName": "s"},
        "TagResource": {"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]},
        "UntagResource": {"ResourceARN": arn, "TagKeys": ["k"]},
        "ListTagsForResource": {"ResourceARN": arn},
        "ListApplications": {},
    }
    given = more.get(operation, {})
    if operation.startswith(("Add", "DeleteApplicationCloud", "DeleteApplicationVpc", "Rollback")):
        given = {"CurrentApplicationVersionId": version, **given}
    if "ResourceARN" in given or operation == "ListApplications":
        return given
    return {"ApplicationName": "app", **given}


@pytest.mark.parametrize("status", STATUSES)
def test_each_operation_is_accepted_or_refused_as_the_table_says(tmp_path: Path, status: str) -> None:
    answers: dict[str, str] = {}
    local = in_status(tmp_path / "0", status)
    for number, operation in enumerate(TABLE, start=1):
        before = local.database()
        try:
            local.call(operation.partition(" ")[0], parameters(local, operation))
        except RefusedCallError as error:
            answers[operation] = error.code
            assert local.database() == before, operation
        else:
            answers[operation] = "L"
            assert operation.startswith(("Describe", "List")) == (local.database() == before), operation
            if local.database() != before:
                local = in_status(tmp_path / str(number), status)
    expected = {operation: ANSWERS.get(cell, cell) for operation, of, cell in CELLS if of == status}
    assert answers == expected


def test_the_table_has_every_operation_on_an_application_and_every_status() -> None:
    of_accounts = {"CreateApplication", *(each for each in OPERATIONS if "Application" not in each)}
    by_name = {each.partition(" ")[0] for each in TABLE}
    assert set(OPERATIONS) - of_accounts - {"CreateApplicationPresignedUrl"} <= by_name
    # ROLLED_BACK is the status of versions only.
    assert {*STATUSES, "ROLLED_BACK"} == {each.value for each in ApplicationStatus}


def test_the_planners_know_the_same_table() -> None:
    for bound, legal in LEGAL_STATUSES.items():
        if bound in TABLE:
            accepted = {status for operation, status, cell in CELLS if operation == bound and cell == "L"}
            assert legal & set(STATUSES) == accepted, bound
