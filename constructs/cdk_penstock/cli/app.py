"""The commands of ``penstock`` and their shared options."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

import cdk_penstock
from cdk_penstock.cli.key import key_app
from cdk_penstock.cli.operate.operate_app import operate_app
from cdk_penstock.cli.package import package_command
from cdk_penstock.cli.review import review_command
from cdk_penstock.cli.size import size_command
from cdk_penstock.cli.snapshot import snapshot_app
from cdk_penstock.cli.stream import stream_app
from cdk_penstock.model.errors import PenstockError

_ANY_ARGUMENTS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


class _Command(TyperCommand):
    """A command whose usage line shows only the name of an argument, such as FILE, as error messages do."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, without the braces that newer releases of Typer put around some."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


def _needs_extra() -> None:
    """Needs the extra `local` of the wheel, or `make setup` in a clone."""
    raise PenstockError(
        "this command needs confluent-kafka, matplotlib, starlette and uvicorn, and not all are installed: install the"
        " wheel with its extra, `pip install 'WHEEL[local]'` with the path of the wheel, or run `make setup` in a clone"
    )


app = typer.Typer(
    help="Build, check, run and operate applications on Amazon Managed Service for Apache Flink.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain text: one error is one line, in a pipe too, and an option without a value shows none.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted.",
)
app.add_typer(operate_app, name="app")
app.add_typer(key_app, name="key")
app.add_typer(stream_app, name="stream")
app.command("package", cls=_Command)(package_command)
app.command("review")(review_command)
app.command("size")(size_command)
app.add_typer(snapshot_app, name="snapshot")

if all(find_spec(module) for module in ("confluent_kafka", "matplotlib", "starlette", "uvicorn")):
    from cdk_penstock.cli.demo import DemoCommand, demo_command
    from cdk_penstock.cli.local import local_app
    from cdk_penstock.cli.rehearse import rehearse_command
    from cdk_penstock.cli.replay import replay_command

    app.command("demo", cls=DemoCommand)(demo_command)
    app.add_typer(local_app, name="local")
    app.command("rehearse", cls=_Command)(rehearse_command)
    app.command("replay", cls=_Command)(replay_command)
else:
    for _name in ("demo", "local", "rehearse", "replay"):
        app.command(_name, context_settings=_ANY_ARGUMENTS, add_help_option=False)(_needs_extra)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"penstock {cdk_penstock.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version
