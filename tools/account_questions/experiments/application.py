"""Look-ups about an application that several experiments share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.account_questions.account import Account

__all__ = ("described", "last_operation", "role_policies", "why_failed")


def described(account: Account) -> dict[str, Any]:
    """Return ApplicationDetail of the application."""
    client = account.client("kinesisanalyticsv2")
    return dict(client.describe_application(ApplicationName=account.target("application"))["ApplicationDetail"])


def last_operation(account: Account, operation: str) -> dict[str, Any] | None:
    """Return the details of the newest operation of a kind, None where there was none."""
    client, name = account.client("kinesisanalyticsv2"), account.target("application")
    listed = client.list_application_operations(ApplicationName=name, Operation=operation)
    found = listed["ApplicationOperationInfoList"]
    if not found:
        return None
    newest = max(found, key=lambda each: each["StartTime"])
    details = client.describe_application_operation(ApplicationName=name, OperationId=newest["OperationId"])
    return dict(details["ApplicationOperationInfoDetails"])


def role_policies(account: Account, role_arn: str) -> str:
    """Return the text of all inline policies of a role."""
    client, name = account.client("iam"), role_arn.rpartition("/")[2]
    pages: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = client.list_role_policies(RoleName=name, **marker)
        pages += page["PolicyNames"]
        if not page.get("IsTruncated"):
            break
        marker = {"Marker": page["Marker"]}
    documents = [client.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in pages]
    return json.dumps(documents)


def why_failed(operation: dict[str, Any] | None) -> str | None:
    """Return why an operation failed, None where it did not."""
    if operation is None or operation["OperationStatus"] != "FAILED":
        return None
    failure = operation.get("OperationFailureDetails", {}).get("ErrorInfo", {})
    return str(failure.get("ErrorString", "no reason given"))
