"""The stack that a custom resource is in: since when CloudFormation has been at work on it, and in which direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.deployment import Deployment

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.control.clients import Clock, Response


class CloudFormationClient(Protocol):
    """The client ``cloudformation``."""

    def describe_stacks(self, **request: Any) -> Response:
        """Return Stacks."""

    def describe_stack_events(self, **request: Any) -> Response:
        """Return a page of StackEvents, the newest first."""


def describe_deployment(client: CloudFormationClient, stack_id: str, *, clock: Clock) -> Deployment:
    """Return what CloudFormation is doing with the stack."""
    stack = _describe(client, stack_id, clock)
    # In whole seconds, as MSF counts; a stack that was never updated has no time of its last update.
    began_at = stack.get("LastUpdatedTime", stack["CreationTime"]).replace(microsecond=0)
    return Deployment(began_at=began_at, is_rollback="ROLLBACK" in stack["StackStatus"])


def last_update_began_at(client: CloudFormationClient, stack_id: str, *, clock: Clock) -> datetime | None:
    """Return when the last update of the stack began, also in its rollback; None for a stack that was never updated.

    The stack's LastUpdatedTime is not documented for a rollback, which may count as an update of its own.
    """
    request = {"StackName": stack_id}
    while True:
        page = call_with_retry(
            lambda: client.describe_stack_events(**request),
            action="describe the events of the stack of this resource (cloudformation:DescribeStackEvents)",
            clock=clock,
        )
        for each in page["StackEvents"]:
            if each.get("PhysicalResourceId") == stack_id and each.get("ResourceStatus") == "UPDATE_IN_PROGRESS":
                began_at: datetime = each["Timestamp"]
                return began_at
        if not page.get("NextToken"):
            return None
        request["NextToken"] = page["NextToken"]


def changing_status(client: CloudFormationClient, stack_id: str, *, clock: Clock) -> str:
    """Return the status of the stack while CloudFormation changes it, else an empty text."""
    status: str = _describe(client, stack_id, clock)["StackStatus"]
    return status if status.endswith("_IN_PROGRESS") else ""


def _describe(client: CloudFormationClient, stack_id: str, clock: Clock) -> dict[str, Any]:
    (stack,) = call_with_retry(
        lambda: client.describe_stacks(StackName=stack_id),
        action="describe the stack of this resource (cloudformation:DescribeStacks)",
        clock=clock,
    )["Stacks"]
    found: dict[str, Any] = stack
    return found
