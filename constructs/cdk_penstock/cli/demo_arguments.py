"""Checks of the arguments of ``penstock demo``, before the minutes of its first stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from cdk_penstock.local.event_files import require_file
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.ports import require_free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.demo.scenario import Scenario

_OF_A_RECORDING: Final = ("speed_up", "event_time")
_OF_A_GENERATOR: Final = ("seconds",)


def check_options(context: typer.Context, scenario: type[Scenario], *, recording: bool) -> None:
    """Raise BadParameter for an option without an effect: one for recorded events with a generator, or the reverse."""
    if not recording and scenario.generator_program is None:
        raise typer.BadParameter("this scenario has no generator, expected recorded events with --input")
    for name in (*_OF_A_GENERATOR, *scenario.generator_options) if recording else _OF_A_RECORDING:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            use = "generated events, expected it without" if recording else "recorded events, expected it with"
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for {use} --input")


def check_different(ports: Mapping[str, int]) -> None:
    """Raise BadParameter for two options with one port; any number of them may have 0, for a free one."""
    taken: dict[int, str] = {}
    for option, port in ports.items():
        if port and port in taken:
            raise typer.BadParameter(
                f"{taken[port]} and {option} are both {port}, expected different ports, or 0 for any free one"
            )
        taken[port] = option


def check_inputs(scenario: Scenario, input_file: Path | None, job_python: Path, ports: Mapping[str, int]) -> None:
    """Raise PenstockError for an input that is empty or has another form, a port in use, and a Python without Flink."""
    if input_file is not None:
        require_file(input_file, what="the input file")
    scenario.check_inputs()
    for option, port in ports.items():
        if port:
            require_free_port(port, owner=option)
    find_flink(job_python)
