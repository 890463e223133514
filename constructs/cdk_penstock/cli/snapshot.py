"""``penstock snapshot``: take, list and prune the snapshots of an application, whichever tool created it.

``prune`` shows its plan and changes nothing without ``--apply``. A command that was interrupted is run again with the
same arguments: it waits for the snapshot that is being created, or deletes what is left.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.box import SIMPLE
from rich.table import Table

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.cli.snapshot_session import connect
from cdk_penstock.cli.snapshot_texts import age_text, kept_fields, key_text, rules_text, snapshot_fields, warnings_of
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.snapshots import SnapshotRetention

if TYPE_CHECKING:
    from cdk_penstock.cli.snapshot_session import SnapshotSession
    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.snapshots import PruningPlan

EXIT_LEFT: Final = 3
_TABLE_WIDTH: Final = 100
"""Characters of a line below which the columns of a table would be too narrow to read."""
_DEFAULTS: Final = SnapshotRetention()
_END: Final = {
    "planned": "nothing was changed: to apply the plan, run the same command with --apply",
    "blocked": "nothing was deleted",
    "left": "deleted {deleted} of {total} snapshots; MSF is busy with the others: run the same command again",
    "done": "deleted {deleted} of {total} snapshots",
}
_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,256}")

snapshot_app = typer.Typer(
    help="Take, list and prune the snapshots of an application.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, or shown without --apply; 1 failed with a message; 2 wrong arguments; 3 nothing, or not"
    " everything, could be deleted now: then run the same command again later; 130 interrupted.",
)


def _name(value: str | None) -> str | None:
    if value is not None and not _NAME.fullmatch(value):
        raise typer.BadParameter(f"expected 1 to 256 letters, digits and any of _.-, got {value!r}")
    return value


NewestOption = Annotated[int, typer.Option("--newest", min=1, help="Keep this many of the newest READY snapshots.")]
DailyOption = Annotated[
    int, typer.Option("--daily-for-days", min=0, help="Keep the newest READY snapshot of each day for so many days.")
]
VersionsOption = Annotated[
    int,
    typer.Option(
        "--rollback-versions", min=1, help="Keep the newest READY snapshot of each of the last application versions."
    ),
]
PinnedOption = Annotated[
    str,
    typer.Option("--pinned-prefix", help="Keep every snapshot whose name begins with this; empty for no such rule."),
]


def _retention(newest: int, daily_for_days: int, rollback_versions: int, pinned_prefix: str) -> SnapshotRetention:
    try:
        return SnapshotRetention(
            newest=newest,
            daily_for_days=daily_for_days,
            rollback_versions=rollback_versions,
            pinned_prefix=pinned_prefix or None,
        )
    except PenstockError as error:
        raise typer.BadParameter(str(error)) from error


@snapshot_app.command()
def create(
    *,
    application: ApplicationOption,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            callback=_name,
            help="The snapshot's name; one of that name that exists is waited for. Default: made from the time.",
        ),
    ] = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a snapshot of a running application, and wait until it is READY. The job goes on meanwhile."""
    progress = ConsoleProgress(new_console(stderr=True))
    with explain_aws_errors():
        session = connect(application, region, profile, operator_role)
        for note in session.check_key():
            typer.echo(f"not checked: {note}", err=True)
        chosen = name or session.name_to_take()
        progress.stage(f"take snapshot {chosen}")
        try:
            snapshot = session.take(chosen, on_wait=lambda seen: progress.update(seen.status))
        finally:
            progress.stop()
        progress.done()
    if as_json:
        print_json({"application": session.application_arn, "snapshot": snapshot_fields(snapshot, session.now)})
    else:
        typer.echo(f"{snapshot.name} is {snapshot.status}, of version {snapshot.application_version_id}")


@snapshot_app.command("list")
def list_command(
    *,
    application: ApplicationOption,
    newest: NewestOption = _DEFAULTS.newest,
    daily_for_days: DailyOption = _DEFAULTS.daily_for_days,
    rollback_versions: VersionsOption = _DEFAULTS.rollback_versions,
    pinned_prefix: PinnedOption = _DEFAULTS.pinned_prefix or "",
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all snapshots with age, version, key and status, and the rules that keep each one."""
    retention = _retention(newest, daily_for_days, rollback_versions, pinned_prefix)
    with explain_aws_errors():
        session = connect(application, region, profile, operator_role)
        plan = session.plan(retention)
    rows = sorted(
        [*kept_fields(plan, session.now), *(snapshot_fields(each, session.now) for each in plan.deletions)],
        key=lambda row: (row["createdAt"], row["name"]),
        reverse=True,
    )
    if as_json:
        print_json({"application": session.application_arn, "snapshots": rows, "blocked": plan.blocked or None})
        return
    _show(rows)
    for warning in warnings_of(plan):
        typer.echo(warning, err=True)


@snapshot_app.command()
def prune(
    *,
    application: ApplicationOption,
    newest: NewestOption = _DEFAULTS.newest,
    daily_for_days: DailyOption = _DEFAULTS.daily_for_days,
    rollback_versions: VersionsOption = _DEFAULTS.rollback_versions,
    pinned_prefix: PinnedOption = _DEFAULTS.pinned_prefix or "",
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Delete the snapshots of the plan. Default: only show it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete the snapshots that no rule keeps. The newest READY one is always kept."""
    retention = _retention(newest, daily_for_days, rollback_versions, pinned_prefix)
    with explain_aws_errors():
        session = connect(application, region, profile, operator_role)
        plan = session.plan(retention)
        if not as_json:
            typer.echo(f"plan for {session.application_arn}")
            _show(kept_fields(plan, session.now))
            for each in plan.deletions:
                typer.echo(f"  delete {each.name}, {age_text(snapshot_fields(each, session.now)['ageSeconds'])} old")
        for warning in warnings_of(plan):
            typer.echo(warning, err=True)
        left = _delete(session, plan) if apply else plan.deletions
    result = "planned" if not apply else "blocked" if plan.blocked else "left" if left else "done"
    deleted = [each for each in plan.deletions if each not in set(left)]
    if as_json:
        shown = {
            "keep": kept_fields(plan, session.now),
            "delete": [snapshot_fields(each, session.now) for each in plan.deletions],
            "blocked": plan.blocked or None,
            "deleted": [each.name for each in deleted],
        }
        print_json({"application": session.application_arn, **shown, "applied": apply, "result": result})
    else:
        typer.echo(_END[result].format(deleted=len(deleted), total=len(plan.deletions)))
    if result in {"blocked", "left"}:
        raise typer.Exit(EXIT_LEFT)


def _delete(session: SnapshotSession, plan: PruningPlan) -> tuple[Snapshot, ...]:
    """Delete what the plan says, with progress, and return what could not be deleted now."""
    if not plan.deletions:
        return ()
    progress, done = ConsoleProgress(new_console(stderr=True)), count(1)
    progress.stage("delete snapshots")
    try:
        left = session.prune(plan, on_delete=lambda snapshot: progress.update(f"{next(done)}: {snapshot.name}"))
    finally:
        progress.stop()
    progress.done()
    return left


def _show(rows: list[dict[str, Any]]) -> None:
    console = new_console()
    if console.width < _TABLE_WIDTH:
        for row in rows:
            console.print(row["name"])
            facts = (age_text(row["ageSeconds"]), f"version {row['version']}", row["status"], key_text(row))
            console.print(f"  {', '.join(facts)}")
            console.print(f"  {rules_text(row)}")
        return
    table = Table(box=SIMPLE)
    for title in ("snapshot", "age", "version", "status", "key", "kept because"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            row["name"],
            age_text(row["ageSeconds"]),
            str(row["version"]),
            row["status"],
            key_text(row),
            rules_text(row),
        )
    console.print(table)
