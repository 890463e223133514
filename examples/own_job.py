"""An application that brings the folder of its job, and what starts it: a deployment of this runs a job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from aws_cdk import App, Stack

from cdk_penstock.application import FlinkApplicationProps, PyFlinkApplication
from cdk_penstock.encryption import OperatorRole, PermissionSetPrincipal
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from constructs import Construct

FOLDER = Path(__file__).resolve().parent / "jobs" / "count"


class PageCounts(PyFlinkApplication):
    """Counts the clicks of each page; its users choose everything but the job."""

    def __init__(self, scope: Construct, construct_id: str, **props: Unpack[FlinkApplicationProps]) -> None:
        super().__init__(scope, construct_id, folder=FOLDER, **props)


def build_stack(app: App) -> Stack:
    """Make the application, the role that operates it, and its start."""
    stack = Stack(app, "Pages")
    application = PageCounts(stack, "Counts", application_name="page-counts")
    operator = OperatorRole(
        stack,
        "Operator",
        application=application,
        execution_role_arn=application.execution_role.role_arn,
        operators=[PermissionSetPrincipal(stack, "FlinkOperator")],
    )
    VerifiedStart(stack, "Start", application=application, operator=operator)
    return stack


if __name__ == "__main__":
    try:
        app = App()
        build_stack(app)
        app.synth()
    except PenstockError as error:
        sys.exit(f"error: {error}")
