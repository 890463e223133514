"""``penstock demo``: the bundled job end to end on this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cdk_penstock.cli.arguments import JsonOption, check_writable
from cdk_penstock.cli.checkout import build_bundled_job, check_environments
from cdk_penstock.cli.demo_arguments import check_different, check_inputs, check_options
from cdk_penstock.cli.progress import ConsoleProgress
from cdk_penstock.cli.replay import EXIT_FAILED, EXIT_INTERRUPTED, parse_speed_up
from cdk_penstock.cli.screen import new_console, print_json, show_error
from cdk_penstock.local.demo.files import figures, write_report
from cdk_penstock.local.demo.results import graph_url, metric_rows
from cdk_penstock.local.demo.run import Demo, DemoOptions
from cdk_penstock.local.pipeline import PipelineOptions
from cdk_penstock.local.properties import FleetSettings
from cdk_penstock.local.replay import EventTime
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from rich.console import Console

    from cdk_penstock.local.demo.results import DemoResult
    from cdk_penstock.local.progress import Progress

__all__ = ("JOB_PYTHON_VARIABLE", "default_job_python", "demo_command", "play", "prepare_package")

JOB_PYTHON_VARIABLE = "PENSTOCK_JOB_PYTHON"
ROWS_SHOWN = 40
WATCH_SECONDS = 1.0
DAY_SECONDS = 86_400
MOST_VEHICLES = 9_999_999_999  # an id of the fleet has ten digits
MOST_EVENTS_PER_SECOND = 10_000_000  # far beyond what one machine makes


def default_job_python() -> Path:
    """Return the job's interpreter: what the environment says, else the one of ``.venv-job`` in this folder."""
    return Path(os.environ.get(JOB_PYTHON_VARIABLE) or Path(".venv-job") / "bin" / "python")


def prepare_package(package: Path | None, progress: Progress) -> Path:
    """Return the package to run: the one given, else the bundled job's, with which every environment is checked.

    Parameters
    ----------
    package
        The package that the user gave.
    progress
        Learns of the stages.

    Raises
    ------
    PenstockError
        The package cannot be built, or an environment fails a check.
    """
    if package is not None:
        return package
    progress.stage("build and check the package of the bundled job")
    path = build_bundled_job().path
    progress.stage("synthesize every environment, with cdk-nag and penstock's own rules")
    check_environments(path)
    return path


def demo_command(
    context: typer.Context,
    *,
    package: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The package to run, as it would be deployed.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=15, max=DAY_SECONDS, help="How long the generated fleet drives.")
    ] = 60.0,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            exists=True,
            dir_okay=False,
            help="Replay these events (JSON Lines, plain or gzip) instead of a fleet.",
        ),
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV with the columns vehicleId,model; default: the models in the package.",
        ),
    ] = None,
    speed_up: Annotated[
        str, typer.Option(help="With --input: how much faster than recorded; 0 or max for as fast as possible.")
    ] = "max",
    event_time: Annotated[
        EventTime, typer.Option(help="With --input: keep the event times, or move the latest one to now.")
    ] = EventTime.KEEP,
    vehicles: Annotated[int, typer.Option(min=1, max=MOST_VEHICLES, help="Vehicles of the generated fleet.")] = 10_000,
    events_per_second: Annotated[
        int, typer.Option(min=1, max=MOST_EVENTS_PER_SECOND, help="Events of the generated fleet.")
    ] = 10_000,
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write series.csv, pictures and report.html into this folder.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Leave everything running at the end, until Ctrl-C.")] = False,
    job_python: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=f"The job's python; default: ${JOB_PYTHON_VARIABLE}, else .venv-job/bin/python.",
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Option(file_okay=False, help="Keep configuration and logs here.")] = None,
    parallelism: Annotated[int, typer.Option(min=1, max=4, help="Parallelism of the vehicle job.")] = 2,
    flink_port: Annotated[int, typer.Option(min=0, max=65535, help="Flink's pages; 0: any free port.")] = 0,
    prometheus_port: Annotated[int, typer.Option(min=0, max=65535, help="Prometheus; 0: any free port.")] = 0,
    kafka_port: Annotated[int, typer.Option(min=0, max=65535, help="Kafka; 0: any free port.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Run the packaged vehicle job on this machine and check what comes out.

    Real Kafka, Flink and Prometheus start on free ports of this machine, events of a fleet (or recorded ones) go
    through the job, and its samples are read back and checked. No AWS account is needed. Exit code: 0 if every check
    passed, 1 if a stage failed or a sample is missing, 130 after Ctrl-C.
    """
    speed = parse_speed_up(speed_up)
    ports = {"--flink-port": flink_port, "--prometheus-port": prometheus_port, "--kafka-port": kafka_port}
    check_options(context, recording=input_file is not None)
    check_different(ports)
    for path in (report, folder):
        if path is not None:
            check_writable(path)
    errors = new_console(stderr=True)
    progress = ConsoleProgress(errors)
    python = job_python or default_job_python()
    try:
        with stop_signals_raise():
            # What takes a moment to check comes before the minutes of the first stages.
            check_inputs(input_file, models, python, ports)
            options = DemoOptions(
                package=prepare_package(package, progress),
                pipeline=PipelineOptions(
                    job_python=python,
                    folder=folder,
                    flink_port=flink_port,
                    prometheus_port=prometheus_port,
                    kafka_port=kafka_port,
                ),
                seconds=seconds,
                input_file=input_file,
                models_file=models,
                speed_up=speed,
                event_time=event_time,
                fleet=FleetSettings(vehicles=vehicles, events_per_second=events_per_second),
                parallelism=parallelism,
                keep_running=keep,
            )
            console = errors if as_json else new_console()
            result = play(options, console=console, progress=progress, report=report, as_json=as_json)
    except PenstockError as error:
        progress.stop()
        show_error(errors, error)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        progress.stop()
        errors.print("interrupted; everything has been stopped")
        raise typer.Exit(EXIT_INTERRUPTED) from error
    if result.problems:
        raise typer.Exit(EXIT_FAILED)


def play(
    options: DemoOptions, *, console: Console, progress: ConsoleProgress, report: Path | None, as_json: bool = False
) -> DemoResult:
    """Play the demonstration, show what it found, and wait for Ctrl-C if it is to be left running.

    Raises
    ------
    PenstockError
        A stage failed.
    """
    with Demo(options, progress=progress) as demo:
        result = demo.run()
        progress.done()
        show(result, console)
        files = [] if report is None else write_report(result, report)
        if files:
            shown = f"report: {files[0]} (and {len(files) - 1} files beside it)"
            console.print(shown, soft_wrap=True)
        _show_addresses(result, console)
        if as_json:
            print_json({**result.to_json(), "report": [str(file) for file in files]})
        if options.keep_running:
            _wait_for_interrupt(demo, console)
        else:
            console.print("these pages close now; --keep leaves them open")
    return result


def show(result: DemoResult, console: Console) -> None:
    """Show the table of metrics, the figures and the verdict."""
    table = Table(title="Metrics in Prometheus, by model, regions summed up", title_justify="left")
    for name in ("metric", "model"):
        table.add_column(name)
    for name in ("regions", "samples", "mean", "peak", "last"):
        table.add_column(name, justify="right")
    rows = metric_rows(result.samples)
    for row in rows[:ROWS_SHOWN]:
        table.add_row(
            row.metric, row.model, str(row.regions), f"{row.samples:,}", f"{row.mean:,.1f}", f"{row.peak:,.0f}",
            f"{row.last:,.0f}",
        )  # fmt: skip
    console.print(table)
    if len(rows) > ROWS_SHOWN:
        console.print(f"... and {len(rows) - ROWS_SHOWN} more models")
    for name, text in figures(result):
        console.print(f"{name + ':':<14}{text}", soft_wrap=True)
    for problem in result.problems:
        console.print(f"problem: {problem}", style="red", soft_wrap=True)


def _show_addresses(result: DemoResult, console: Console) -> None:
    ends = [sample.timestamp_ms for sample in result.samples] or [int(time.time() * 1000)]
    graphs = graph_url(result.addresses.prometheus, begin_ms=min(ends), end_ms=max(ends))
    for name, address in (
        ("Flink", result.addresses.flink), ("Prometheus", graphs), ("Kafka", result.addresses.kafka),
    ):  # fmt: skip
        console.print(f"{name + ':':<14}{address}", soft_wrap=True)


def _wait_for_interrupt(demo: Demo, console: Console) -> None:
    try:
        console.print("everything keeps running; press Ctrl-C to stop it")
        while True:
            for process in demo.pipeline.processes:
                process.require_alive()
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        console.print("stopping")
