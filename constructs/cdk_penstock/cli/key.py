"""``penstock key``: the life of an application's customer managed key, for applications of any origin.

Each command prints what it would do and changes nothing unless ``--apply`` is given. One that was killed, or that ended
in a soak, is run again with the same arguments and goes on where reality stands.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cdk_penstock.cli.arguments import (
    KEY_OPTION,
    ApplicationOption,
    JsonOption,
    OperatorOption,
    ProfileOption,
    RegionOption,
)
from cdk_penstock.cli.key_session import connect, fields_of, lines_of, mendable, now, reach
from cdk_penstock.cli.screen import print_json
from cdk_penstock.model.keys import Disable, Enable, PurgeSnapshots, RotateOnDemand, RotateToNewKey

if TYPE_CHECKING:
    from cdk_penstock.model.keys import Goal

__all__ = ("key_app",)

_ONE_ROTATION = timedelta(days=7)
"""A rotation on demand this young, plus the soak, is the one that a repeated command means."""

_DAY_SECONDS: Final = 86_400
_YEAR_SECONDS: Final = 365 * _DAY_SECONDS

key_app = typer.Typer(
    help="Encrypt an application with a customer managed key, rotate it, and leave it; dry run unless --apply.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, or shown without --apply; 1 failed with a message; 2 wrong arguments; 3 waiting for the"
    " end of the soak, or for the application to be started: then run the same command again.",
)


WindowsOption = Annotated[
    bool,
    typer.Option(
        "--windows/--no-windows",
        help="Open and close permission windows on the operator role as inline policies penstock-key-<key id>; not"
        " where CloudFormation manages its policies.",
    ),
]
SoakOption = Annotated[
    int,
    typer.Option(
        "--soak-seconds",
        min=0,
        max=_YEAR_SECONDS,
        help="How long old snapshots and windows are kept after the first good snapshot under the new key.",
    ),
]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Do it. Default: only show the plan.")]


@key_app.command()
def status(
    *,
    application: ApplicationOption,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the configured and the effective key, snapshots per key, open windows, a pending restart and keys' state.

    What the caller may not see is said to be unknown, and is no failure.
    """
    with mendable():
        seen = connect(application, region, profile, operator_role, windows=True).status()
    if as_json:
        print_json(fields_of(seen))
        return
    for line in lines_of(seen):
        typer.echo(line)


@key_app.command()
def enable(
    *,
    application: ApplicationOption,
    key: Annotated[str, KEY_OPTION],
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    windows: WindowsOption = True,
    soak_seconds: SoakOption = _DAY_SECONDS,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Encrypt an application that is on the AWS-owned key with a customer managed one."""
    with mendable():
        runner = connect(application, region, profile, operator_role, windows=windows)
        arn = runner.describe_key(key).key_arn
        reach(runner, Enable(key_arn=arn, soak_seconds=soak_seconds), arn, apply=apply, as_json=as_json)


@key_app.command()
def rotate(
    *,
    application: ApplicationOption,
    key: Annotated[str | None, KEY_OPTION] = None,
    on_demand: Annotated[
        bool,
        typer.Option(
            "--on-demand",
            help="Keep the key, rotate its material and restart the application. A rotation within the last seven days"
            " plus the soak is taken as this one, and finished.",
        ),
    ] = False,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    windows: WindowsOption = True,
    soak_seconds: SoakOption = _DAY_SECONDS,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Change to a new key, or rotate the material of the present one."""
    if on_demand == (key is not None):
        message = "expected either --key or --on-demand"
        raise typer.BadParameter(message)
    with mendable():
        runner = connect(application, region, profile, operator_role, windows=windows)
        if key is None:
            since = now() - _ONE_ROTATION - timedelta(seconds=soak_seconds)
            goal: Goal = RotateOnDemand(rotated_since=since, soak_seconds=soak_seconds)
            reach(runner, goal, None, apply=apply, as_json=as_json)
            return
        arn = runner.describe_key(key).key_arn
        goal = RotateToNewKey(key_arn=arn, soak_seconds=soak_seconds)
        reach(runner, goal, arn, apply=apply, as_json=as_json)


@key_app.command()
def disable(
    *,
    application: ApplicationOption,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    windows: WindowsOption = True,
    soak_seconds: SoakOption = _DAY_SECONDS,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go back to the AWS-owned key."""
    with mendable():
        runner = connect(application, region, profile, operator_role, windows=windows)
        reach(runner, Disable(soak_seconds=soak_seconds), None, apply=apply, as_json=as_json)


@key_app.command("purge-snapshots")
def purge_snapshots(
    *,
    application: ApplicationOption,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    soak_seconds: SoakOption = _DAY_SECONDS,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete snapshots under other keys than the configured one, once a newer one under it is READY."""
    with mendable():
        runner = connect(application, region, profile, operator_role, windows=False)
        reach(runner, PurgeSnapshots(soak_seconds=soak_seconds), None, apply=apply, as_json=as_json)
