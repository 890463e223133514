"""``penstock local``: a local Managed Service for Apache Flink, with Kafka and Prometheus beside it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from cdk_penstock.cli.arguments import JsonOption, check_writable
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.demo import default_job_python
from cdk_penstock.cli.screen import new_console, print_json, show_error
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.service.background import (
    BackgroundOptions,
    find_running,
    start_in_background,
    stop_in_background,
)
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError

_EXIT_FAILED: Final = 1
_EXIT_INTERRUPTED: Final = 130
_VARIABLE: Final = "PENSTOCK_LOCAL_FOLDER"

local_app = typer.Typer(
    help="Run a local Managed Service for Apache Flink: its API over real Flink, without an AWS account.",
    no_args_is_help=True,
)


def _default_folder() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Path(os.environ.get(_VARIABLE) or state / "penstock" / "local")


def _folder_option(folder: Path | None) -> str:
    """Return the option that names the same folder again, empty where none was named."""
    return "" if folder is None else f" --folder {shlex.quote(str(folder))}"


FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        file_okay=False,
        help=f"Everything that it keeps. Default: ${_VARIABLE}, else ~/.local/state/penstock/local.",
    ),
]


@local_app.command("up")
def up_command(  # noqa: PLR0917 - typer calls it with names
    folder: FolderOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The API and its status page; 0: any free port.")] = 0,
    kafka_port: Annotated[int, typer.Option(min=0, max=65535, help="Kafka; 0: any free port.")] = 0,
    prometheus_port: Annotated[int, typer.Option(min=0, max=65535, help="Prometheus; 0: any free port.")] = 0,
    kafka: Annotated[bool, typer.Option("--kafka/--no-kafka", help="Start Kafka.")] = True,
    prometheus: Annotated[bool, typer.Option("--prometheus/--no-prometheus", help="Start Prometheus.")] = True,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate the jobs: no Java and no job runs, the API is the same.")
    ] = False,
    job_python: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The job's python, as for penstock demo.")
    ] = None,
) -> None:
    """Start it in the background and print the environment variables that lead AWS's clients to it.

    Use it as: eval "$(penstock local up)". With ports of 0 it takes those of the last time again. Applications,
    snapshots, topics and samples of the last time are there again, and running applications run on.
    """
    place = folder or _default_folder()
    check_writable(place)
    errors = new_console(stderr=True)
    progress = ConsoleProgress(errors)
    python = "" if simulate else str((job_python or default_job_python()).absolute())
    try:
        if python:
            find_flink(Path(python))
        options = BackgroundOptions(
            port=port,
            kafka_port=kafka_port,
            prometheus_port=prometheus_port,
            kafka=kafka,
            prometheus=prometheus,
            job_python=python,
        )
        with stop_signals_raise():
            running = start_in_background(place.absolute(), options, progress=progress)
        progress.done()
    except PenstockError as error:
        progress.stop()
        show_error(errors, error)
        raise typer.Exit(_EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        progress.stop()
        errors.print("interrupted; everything has been stopped")
        raise typer.Exit(_EXIT_INTERRUPTED) from error
    errors.print(f"  status page: {running.url}/   stop: penstock local down{_folder_option(folder)}", soft_wrap=True)
    for name, value in running.environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@local_app.command("status")
def status_command(folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Show where it runs, and the environment variables that lead to it. Exit code: 1 if it does not run."""
    place = folder or _default_folder()
    running = find_running(place)
    if as_json:
        found = {"pid": running.pid, "environment": running.environment} if running else {}
        print_json({"running": running is not None, **found})
    elif running is None:
        typer.echo(f"no local MSF runs in {place}; start it with: penstock local up{_folder_option(folder)}")
    else:
        typer.echo(f"running: {running.url}/  (process {running.pid}, folder {place})")
        for name, value in running.environment.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
    if running is None:
        raise typer.Exit(_EXIT_FAILED)


@local_app.command("down")
def down_command(folder: FolderOption = None) -> None:
    """Stop it with all that it started. What is in its folder stays for the next start."""
    place = folder or _default_folder()
    errors = new_console(stderr=True)
    try:
        stopped = stop_in_background(place)
    except PenstockError as error:
        show_error(errors, error)
        raise typer.Exit(_EXIT_FAILED) from error
    typer.echo("stopped" if stopped else f"no local MSF runs in {place}")
