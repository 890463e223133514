"""The commands of ``penstock app``."""

from __future__ import annotations

import typer

from cdk_penstock.cli.operate.capture_command import capture_command
from cdk_penstock.cli.operate.dashboard_command import dashboard_command
from cdk_penstock.cli.operate.deploy_command import deploy_command
from cdk_penstock.cli.operate.logs_command import logs_command
from cdk_penstock.cli.operate.move_source_command import move_source_command
from cdk_penstock.cli.operate.operations_command import operations_command
from cdk_penstock.cli.operate.plan_options import EXIT_CODES_TEXT
from cdk_penstock.cli.operate.restore_command import restore_command
from cdk_penstock.cli.operate.rollback_command import rollback_command
from cdk_penstock.cli.operate.scale_command import scale_command
from cdk_penstock.cli.operate.shadow_command import shadow_command
from cdk_penstock.cli.operate.start_command import start_command
from cdk_penstock.cli.operate.status_command import status_command
from cdk_penstock.cli.operate.stop_command import stop_command
from cdk_penstock.cli.operate.upgrade_command import upgrade_command
from cdk_penstock.cli.operate.versions_command import versions_command

operate_app = typer.Typer(
    help="Operate one application: look at it and collect evidence for a ticket; start, stop, change, restore or roll"
    " it back. A command that changes the application verifies its job, and can be run again after an interruption.",
    no_args_is_help=True,
    epilog=EXIT_CODES_TEXT,
)
operate_app.command("status")(status_command)
operate_app.command("operations")(operations_command)
operate_app.command("versions")(versions_command)
operate_app.command("dashboard")(dashboard_command)
operate_app.command("logs")(logs_command)
operate_app.command("capture")(capture_command)
operate_app.command("start", epilog=EXIT_CODES_TEXT)(start_command)
operate_app.command("stop", epilog=EXIT_CODES_TEXT)(stop_command)
operate_app.command("deploy", epilog=EXIT_CODES_TEXT)(deploy_command)
operate_app.command("upgrade", epilog=EXIT_CODES_TEXT)(upgrade_command)
operate_app.command("move-source", epilog=EXIT_CODES_TEXT)(move_source_command)
operate_app.command("shadow", epilog=EXIT_CODES_TEXT)(shadow_command)
operate_app.command("scale", epilog=EXIT_CODES_TEXT)(scale_command)
operate_app.command("rollback", epilog=EXIT_CODES_TEXT)(rollback_command)
operate_app.command("restore", epilog=EXIT_CODES_TEXT)(restore_command)
