"""``penstock demo``: a workload of the checkout end to end on this machine."""

from __future__ import annotations

import dataclasses
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from cdk_penstock.cli.arguments import check_writable
from cdk_penstock.cli.checkout import build_job, check_environments
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.demo_arguments import check_different, check_inputs, check_options
from cdk_penstock.cli.demo_options import JOB_PYTHON_VARIABLE, DemoArguments, parameters_of
from cdk_penstock.cli.demo_screen import play
from cdk_penstock.cli.replay import EXIT_FAILED, EXIT_INTERRUPTED, parse_speed_up
from cdk_penstock.cli.screen import new_console, show_error
from cdk_penstock.local.demo.demo_platform import PlatformOptions
from cdk_penstock.local.demo.discovery import job_folder, load_scenario, scenario_names
from cdk_penstock.local.demo.run import DemoOptions
from cdk_penstock.local.errors import ScenarioError
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.demo.scenario import Scenario
    from cdk_penstock.local.progress import Progress

HELP = """Run a packaged job on this machine and check what comes out.

Real Kafka, Flink and Prometheus start on free ports of this machine, events of a generator (or recorded ones) go
through the job, and its samples are read back and checked. No AWS account is needed. SCENARIO is a workload of the
checkout, one of: {scenarios}. It can be left out where there is only one. Exit code: 0 if every check passed, 1 if a
stage failed or a sample is missing, 130 after Ctrl-C.
"""


def default_job_python() -> Path:
    """Return the job's interpreter: what the environment says, else the one of ``.venv-job`` in this folder."""
    return Path(os.environ.get(JOB_PYTHON_VARIABLE) or Path(".venv-job") / "bin" / "python")


def prepare_package(package: Path | None, folder: Path, progress: Progress) -> Path:
    """Return the package to run: the one given, else the one of a job, with which every environment is checked.

    Parameters
    ----------
    package
        The package that the user gave.
    folder
        The folder of the scenario's job.
    progress
        Learns of the stages.

    Raises
    ------
    PenstockError
        The package cannot be built, or an environment fails a check.
    """
    if package is not None:
        return package
    progress.stage(f"build and check the package of {folder}")
    path = build_job(folder).path
    progress.stage("synthesize every environment, with cdk-nag and penstock's own rules")
    check_environments(path, workload=folder.name)
    return path


class DemoCommand(TyperCommand):
    """A command that becomes the one of a scenario: the first argument, or the only scenario that there is.

    Scenarios are looked for when the command is used, in the folder in which it runs.
    """

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the scenario's own command, or of this one for help where there is no scenario."""
        names = scenario_names()
        if not names and {"-h", "--help"} & set(args):
            return super().make_context(info_name, args, parent, **extra)
        name = args[0] if args and not args[0].startswith("-") else None
        try:
            command = _command_of(name)
        except ScenarioError as error:
            if not names:
                raise
            raise typer.BadParameter(str(error), ctx=parent) from error
        return command.make_context(info_name, args if name is None else args[1:], parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the scenario's own command: a program with no other command calls this one instead."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def demo_command() -> None:
    """Run a packaged job on this machine and check what comes out; its options are shown in a checkout."""


def _command_of(name: str | None) -> Any:
    scenario = load_scenario(name)
    folder = job_folder(name or scenario_names()[0])
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    text = HELP.format(scenarios=", ".join(scenario_names()))
    app.command("demo", help=text, options_metavar="[SCENARIO] [OPTIONS]")(_callback_of(scenario, folder))
    return typer.main.get_command(app)


def _callback_of(scenario: type[Scenario], folder: Path) -> Callable[..., None]:
    """Return a function with the options of all scenarios and of this one, as typer reads them."""

    def callback(context: typer.Context, **values: Any) -> None:
        common = {field.name: values.pop(field.name) for field in dataclasses.fields(DemoArguments)}
        _run(context, DemoArguments(**common), scenario(**values), folder)

    parameters = [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *parameters_of(DemoArguments),
        *parameters_of(scenario),
    ]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {each.name: each.annotation for each in parameters}
    return callback


def _run(context: typer.Context, arguments: DemoArguments, scenario: Scenario, folder: Path) -> None:
    speed = parse_speed_up(arguments.speed_up)
    check_options(context, type(scenario), recording=arguments.input_file is not None)
    check_different(arguments.ports)
    for path in (arguments.report, arguments.folder):
        if path is not None:
            check_writable(path)
    errors = new_console(stderr=True)
    progress = ConsoleProgress(errors)
    python = arguments.job_python or default_job_python()
    try:
        with stop_signals_raise():
            # What takes a moment to check comes before the minutes of the first stages.
            check_inputs(scenario, arguments.input_file, python, arguments.ports)
            options = DemoOptions(
                scenario=scenario,
                package=prepare_package(arguments.package, folder, progress),
                platform=PlatformOptions(
                    job_python=python,
                    folder=arguments.folder,
                    msf_port=arguments.msf_port,
                    prometheus_port=arguments.prometheus_port,
                    kafka_port=arguments.kafka_port,
                ),
                seconds=arguments.seconds,
                input_file=arguments.input_file,
                speed_up=speed,
                event_time=arguments.event_time,
                parallelism=arguments.parallelism,
                keep_running=arguments.keep,
            )
            console = errors if arguments.as_json else new_console()
            result = play(
                options, console=console, progress=progress, report=arguments.report, as_json=arguments.as_json
            )
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
