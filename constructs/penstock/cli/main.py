"""The commands of ``penstock`` and what they have in common: errors, exit codes, the version."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import penstock
from penstock.cli.package import package_command
from penstock.model.errors import PenstockError

__all__ = ("app", "main")

EXIT_FAILED = 1

app = typer.Typer(
    help="Build, check, run and operate applications on Amazon Managed Service for Apache Flink.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted.",
)
app.command("package")(package_command)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"penstock {penstock.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command; an error that the user can mend is one message and exit code 1."""
    try:
        app()
    except PenstockError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(EXIT_FAILED)
