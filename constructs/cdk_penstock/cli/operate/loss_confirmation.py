"""The confirmation that state may be lost: two questions on a terminal, an option in a script."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from cdk_penstock.cli.operate.plan_options import EXIT_INTERRUPTED, EXIT_REFUSED
from cdk_penstock.model.job_overview import shown_age
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.lifecycle.planning import Observation

_OPTION: Final = "--yes-lose-state"


def is_interactive() -> bool:
    """Return True if somebody can answer questions."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_confirmed(question: str) -> bool:
    """Return the answer to a question; exit with 130 at Ctrl-C."""
    with _interruptible():
        return typer.confirm(question, default=False, err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Exit with the documented code where a question is answered with Ctrl-C or the end of the input."""
    try:
        yield
    except typer.Abort:
        typer.echo("\ninterrupted: nothing was changed", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def confirm_loss(application: str, loss: str, *, confirmed: str | None) -> None:
    """Return if the loss is accepted; exit with 5 if it is not.

    Raises BadParameter if nobody can be asked, or if the option names another application.
    """
    if confirmed is not None:
        if confirmed != application:
            raise typer.BadParameter(f"{_OPTION} must repeat the application's name {application!r}, got {confirmed!r}")
        return
    if not is_interactive():
        raise typer.BadParameter(f"{loss}; to accept this in a script, add {_OPTION} {application}")
    typer.echo(loss, err=True)
    with _interruptible():
        accepted = typer.confirm("Do you accept this?", default=False, err=True)
        if accepted:
            accepted = typer.prompt("Type the application's name to confirm", err=True).strip() == application
    if not accepted:
        typer.echo("not confirmed: nothing was changed", err=True)
        raise typer.Exit(EXIT_REFUSED)


def confirm_losses(
    seen: Observation, application: str, *, force: bool, without: bool = False, confirmed: str | None
) -> None:
    """Confirm what a command may lose with these options; return at once if it loses nothing."""
    if without and seen.is_running and not seen.present.settings.snapshots_enabled:
        loss = "the application runs with snapshots disabled: the update loses its whole state"
        confirm_loss(application, loss, confirmed=confirmed)
    elif force and not seen.is_at_rest:
        confirm_loss(application, loss_of_force(seen), confirmed=confirmed)


def loss_of_force(seen: Observation) -> str:
    """Return what a forced stop loses now."""
    ready = [each for each in seen.snapshots if each.status is SnapshotStatus.READY]
    newest = max(ready, key=lambda each: each.created_at, default=None)
    if newest is None:
        return "a forced stop takes no snapshot, and there is none: it loses the whole state of the job"
    age = shown_age((seen.now - newest.created_at).total_seconds())
    return (
        "a forced stop takes no snapshot: it loses what the job has done since its newest READY snapshot"
        f" {newest.name}, {age} ago"
    )
