"""The commands of ``penstock app``."""

from __future__ import annotations

import typer

from cdk_penstock.cli.operate.capture_command import capture_command
from cdk_penstock.cli.operate.dashboard_command import dashboard_command
from cdk_penstock.cli.operate.logs_command import logs_command
from cdk_penstock.cli.operate.operations_command import operations_command
from cdk_penstock.cli.operate.status_command import status_command
from cdk_penstock.cli.operate.versions_command import versions_command

operate_app = typer.Typer(
    help="Look at one application: its status, operations, versions, dashboard and log, and evidence for a ticket.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted.",
)
operate_app.command("status")(status_command)
operate_app.command("operations")(operations_command)
operate_app.command("versions")(versions_command)
operate_app.command("dashboard")(dashboard_command)
operate_app.command("logs")(logs_command)
operate_app.command("capture")(capture_command)
