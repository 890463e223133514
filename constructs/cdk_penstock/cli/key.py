"""``penstock key``: customer managed keys of an application, whichever tool created it.

Each command shows its plan and changes nothing without ``--apply``. A command that was interrupted, or that ended in a
soak, is run again with the same arguments and continues from the present state.
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
from cdk_penstock.cli.aws_session import explain_aws_errors, now
from cdk_penstock.cli.key_session import (
    EXIT_PROBLEMS,
    connect,
    plan_and_apply,
    resolve_key,
    status_fields,
    status_lines,
)
from cdk_penstock.cli.screen import print_json
from cdk_penstock.model.keys import Disable, Enable, PurgeSnapshots, RotateOnDemand, RotateToNewKey

if TYPE_CHECKING:
    from cdk_penstock.model.keys import Goal

_ONE_ROTATION = timedelta(days=7)
"""A repeated ``rotate --on-demand`` continues a rotation that is not older than this plus the soak."""

_DAY_SECONDS: Final = 86_400
_YEAR_SECONDS: Final = 365 * _DAY_SECONDS

key_app = typer.Typer(
    help="Encrypt an application with a customer managed key, rotate the key, or return to the AWS-owned key. Without"
    " --apply, a command only shows its plan.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, or shown without --apply; 1 failed with a message; 2 wrong arguments; 3 waiting for the"
    " end of the soak, or for somebody to start the application: then run the same command again; 4 key status"
    " --check has found a problem.",
)


WindowsOption = Annotated[
    bool,
    typer.Option(
        "--windows/--no-windows",
        help="Open and close permission windows: inline policies penstock-key-<key id> of the operator role. Use"
        " --no-windows if CloudFormation manages the role's policies.",
    ),
]
SoakOption = Annotated[
    int,
    typer.Option(
        "--soak-seconds",
        min=0,
        max=_YEAR_SECONDS,
        help="Keep old snapshots and permission windows for this time after the first good snapshot under the new key.",
    ),
]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Apply the plan. Default: only show it.")]


@key_app.command()
def status(
    *,
    application: ApplicationOption,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 4 if there is a problem: a snapshot under the AWS-owned key, a permission window that"
            " nothing needs, a key that is not enabled or that its policy does not protect, a pending restart.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show configured and effective key, snapshots, permission windows, a pending restart, and each key's state.

    Each problem is shown with its fix. Parts that the caller may not see are shown as unknown; this is not an error.
    """
    with explain_aws_errors():
        seen = connect(application, region, profile, operator_role, windows=True).status()
    if as_json:
        print_json(status_fields(seen))
    else:
        for line in status_lines(seen):
            typer.echo(line)
    if check and seen.problems():
        raise typer.Exit(EXIT_PROBLEMS)


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
    """Change an application from the AWS-owned key to a customer managed key."""
    with explain_aws_errors():
        runner = connect(application, region, profile, operator_role, windows=windows)
        arn = resolve_key(runner, key)
        plan_and_apply(runner, Enable(key_arn=arn, soak_seconds=soak_seconds), arn, apply=apply, as_json=as_json)


@key_app.command()
def rotate(
    *,
    application: ApplicationOption,
    key: Annotated[str | None, KEY_OPTION] = None,
    on_demand: Annotated[
        bool,
        typer.Option(
            "--on-demand",
            help="Keep the key, rotate its material and restart the application. If the material was rotated within the"
            " last seven days plus the soak, the command continues that rotation.",
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
    """Change to another key, or rotate the material of the present key."""
    if on_demand == (key is not None):
        raise typer.BadParameter("expected either --key or --on-demand")
    with explain_aws_errors():
        runner = connect(application, region, profile, operator_role, windows=windows)
        if key is None:
            since = now() - _ONE_ROTATION - timedelta(seconds=soak_seconds)
            goal: Goal = RotateOnDemand(rotated_since=since, soak_seconds=soak_seconds)
            plan_and_apply(runner, goal, None, apply=apply, as_json=as_json)
            return
        arn = resolve_key(runner, key)
        goal = RotateToNewKey(key_arn=arn, soak_seconds=soak_seconds)
        plan_and_apply(runner, goal, arn, apply=apply, as_json=as_json)


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
    """Return to the AWS-owned key."""
    with explain_aws_errors():
        runner = connect(application, region, profile, operator_role, windows=windows)
        plan_and_apply(runner, Disable(soak_seconds=soak_seconds), None, apply=apply, as_json=as_json)


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
    """Delete snapshots under other keys, once a newer snapshot under the configured key is READY."""
    with explain_aws_errors():
        runner = connect(application, region, profile, operator_role, windows=False)
        plan_and_apply(runner, PurgeSnapshots(soak_seconds=soak_seconds), None, apply=apply, as_json=as_json)
