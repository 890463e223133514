"""``penstock app status``: the state of an application, its last operation and, if asked, its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer
from botocore import exceptions

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.operate.application_access import open_access, show_pairs
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.application_look import ApplicationLook
from cdk_penstock.control.errors import ApplicationMissingError, BusyError
from cdk_penstock.model.job_overview import shown_age
from cdk_penstock.model.keys import ApplicationStatus

if TYPE_CHECKING:
    from cdk_penstock.cli.operate.application_access import ApplicationAccess

_POLL_SECONDS: Final = 5.0
_PASSING: Final = (BusyError, exceptions.ConnectionError, exceptions.HTTPClientError)


def status_command(
    *,
    application: ApplicationOption,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="First wait until the status lasts: READY, RUNNING. This asks MSF only."),
    ] = False,
    health: Annotated[
        bool,
        typer.Option(
            "--health",
            help="Look at the running job once, through Flink's REST API: subtasks, restarts, last checkpoint. Do not"
            " call this regularly: MSF asks not to poll that API while nothing changes. Use alarms for that.",
        ),
    ] = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show status, version, key, snapshots and last operation.

    Also shown are the runtime, the configured and the current parallelism, and a pending restart. Parts that the
    caller may not see are shown as unknown; this is not an error.
    """
    with explain_aws_errors():
        access = open_access(application, region, profile, operator_role)
        if watch and not _wait_until_steady(access):
            if as_json:
                print_json({"application": application, "status": "DELETED"})
            else:
                typer.echo(f"application {application} is deleted")
            return
        look = ApplicationLook(access.client, application, keys=access.keys, clock=access.clock)
        overview = look.overview(health=health)
    if as_json:
        print_json(overview.fields())
        return
    typer.echo(overview.described["ApplicationARN"])
    show_pairs(overview.lines())


def _wait_until_steady(access: ApplicationAccess) -> bool:
    """Wait until the status lasts, and show each one; return False if the application was deleted meanwhile."""
    progress = ConsoleProgress(new_console(stderr=True))
    shown: ApplicationStatus | None = None
    begin = access.clock.now()
    try:
        while True:
            try:
                detail = ApplicationDetail.parse(access.describe())
            except ApplicationMissingError:
                if shown is not ApplicationStatus.DELETING:
                    raise
                progress.done()
                return False
            except _PASSING as error:
                # The first answer tells if AWS can be reached at all.
                if shown is None:
                    raise
                progress.update(f"no answer, trying again ({type(error).__name__})")
            else:
                if detail.is_steady:
                    progress.done()
                    return True
                if detail.status is not shown:
                    progress.stage(f"{access.name} is {detail.status}")
                    shown, begin = detail.status, access.clock.now()
                progress.update(f"since {shown_age((access.clock.now() - begin).total_seconds())}")
            access.clock.sleep(_POLL_SECONDS)
    finally:
        progress.stop()
