"""``penstock app dashboard``: a presigned URL of Flink's pages."""

from __future__ import annotations

import webbrowser
from datetime import timedelta
from typing import Annotated, Final

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.operate.application_access import open_access
from cdk_penstock.cli.screen import print_json
from cdk_penstock.control.presigned_url import (
    FIRST_USE_SECONDS,
    LONGEST_SESSION_SECONDS,
    SHORTEST_SESSION_SECONDS,
    new_dashboard_url,
)

_HOUR_SECONDS: Final = 3_600


def dashboard_command(
    *,
    application: ApplicationOption,
    session_seconds: Annotated[
        int,
        typer.Option(
            "--session-seconds",
            min=SHORTEST_SESSION_SECONDS,
            max=LONGEST_SESSION_SECONDS,
            help="The time for which the URL is valid.",
        ),
    ] = _HOUR_SECONDS,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser of this machine.")] = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a URL of Flink's dashboard, to read only. Use it within 3 minutes; the application must be RUNNING.

    Whoever has the URL can read the dashboard: do not put it into a ticket.
    """
    with explain_aws_errors():
        access = open_access(application, region, profile, operator_role)
        url = new_dashboard_url(access.client, application, clock=access.clock, session_seconds=session_seconds)
        first_use_before = access.clock.now() + timedelta(seconds=FIRST_USE_SECONDS)
    if as_json:
        fields = {"url": url, "sessionSeconds": session_seconds, "firstUseBefore": first_use_before.isoformat()}
        print_json(fields)
    else:
        typer.echo(url)
        typer.echo(f"use it before {first_use_before:%H:%M:%S} UTC; whoever has it can read the dashboard", err=True)
    if open_browser and not webbrowser.open(url):
        typer.echo("no browser could be opened: copy the URL", err=True)
