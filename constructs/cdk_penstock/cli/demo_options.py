"""The options of ``penstock demo``: those of every scenario, and how a dataclass becomes options."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cdk_penstock.cli.arguments import JsonOption
from cdk_penstock.local.replay import EventTime

__all__ = ("JOB_PYTHON_VARIABLE", "DemoArguments", "parameters_of")

JOB_PYTHON_VARIABLE = "PENSTOCK_JOB_PYTHON"
DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class DemoArguments:
    """The options of every scenario."""

    package: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The package to run, as it would be deployed.")
    ] = None
    seconds: Annotated[float, typer.Option(min=15, max=DAY_SECONDS, help="How long events are generated.")] = 60.0
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            exists=True,
            dir_okay=False,
            help="Replay these events (JSON Lines, plain or gzip) instead of generated ones.",
        ),
    ] = None
    speed_up: Annotated[
        str, typer.Option(help="With --input: how much faster than recorded; 0 or max for as fast as possible.")
    ] = "max"
    event_time: Annotated[
        EventTime, typer.Option(help="With --input: keep the event times, or move the latest one to now.")
    ] = EventTime.KEEP
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write series.csv, pictures and report.html into this folder.")
    ] = None
    keep: Annotated[bool, typer.Option(help="Leave everything running at the end, until Ctrl-C.")] = False
    job_python: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=f"The job's python; default: ${JOB_PYTHON_VARIABLE}, else .venv-job/bin/python.",
        ),
    ] = None
    folder: Annotated[Path | None, typer.Option(file_okay=False, help="Keep configuration and logs here.")] = None
    parallelism: Annotated[int, typer.Option(min=1, max=4, help="Parallelism of the job.")] = 2
    msf_port: Annotated[int, typer.Option(min=0, max=65535, help="The local MSF; 0: any free port.")] = 0
    prometheus_port: Annotated[int, typer.Option(min=0, max=65535, help="Prometheus; 0: any free port.")] = 0
    kafka_port: Annotated[int, typer.Option(min=0, max=65535, help="Kafka; 0: any free port.")] = 0
    as_json: JsonOption = False

    @property
    def ports(self) -> dict[str, int]:
        """The ports by the names of their options."""
        return {
            "--msf-port": self.msf_port,
            "--prometheus-port": self.prometheus_port,
            "--kafka-port": self.kafka_port,
        }


def parameters_of(options: type[Any]) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as parameters of a command, with their annotations and defaults."""
    annotations: dict[str, Any] = {}
    for each in reversed(options.__mro__):
        if dataclasses.is_dataclass(each):
            annotations |= inspect.get_annotations(each, eval_str=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, annotation=annotations[field.name], default=field.default
        )
        for field in dataclasses.fields(options)
    ]
