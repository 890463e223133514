"""The commands of ``penstock`` and what they have in common: errors, exit codes, the version."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated, Final

import typer

import penstock
from penstock.cli.key import key_app
from penstock.cli.package import package_command
from penstock.cli.review import review_command
from penstock.cli.size import size_command
from penstock.model.errors import PenstockError

__all__ = ("app", "main")

EXIT_FAILED = 1

_ANY_ARGUMENTS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def _needs_extra() -> None:
    """Needs the extra `local`: pip install 'penstock[local]'."""
    message = "this command needs Kafka and pictures: install the extra with `pip install 'penstock[local]'`"
    raise PenstockError(message)


app = typer.Typer(
    help="Build, check, run and operate applications on Amazon Managed Service for Apache Flink.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted.",
)
app.add_typer(key_app, name="key")
app.command("package")(package_command)
app.command("review")(review_command)
app.command("size")(size_command)

if all(find_spec(module) for module in ("confluent_kafka", "matplotlib")):
    from penstock.cli.demo import demo_command
    from penstock.cli.replay import replay_command

    app.command("demo")(demo_command)
    app.command("replay")(replay_command)
else:
    for _name in ("demo", "replay"):
        app.command(_name, context_settings=_ANY_ARGUMENTS, add_help_option=False)(_needs_extra)


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
