"""``penstock rehearse``: the deployment of a synthesized app, played on this machine."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

from cdk_penstock.cli.arguments import (
    DEFAULT_ASSEMBLY,
    AssemblyOption,
    JsonOption,
    check_account,
    check_region,
    check_writable,
)
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.demo import default_job_python
from cdk_penstock.cli.rehearsal_screen import RehearsalScreen
from cdk_penstock.cli.screen import new_console, print_json, show_error
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.switches import Switches
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from cdk_penstock.rehearsal.result.page import render_rehearsal
from cdk_penstock.rehearsal.result.result_json import to_json
from cdk_penstock.rehearsal.world.world import WorldOptions

if TYPE_CHECKING:
    from collections.abc import Sequence


_EXIT_FAILED: Final = 1
_EXIT_INTERRUPTED: Final = 130
_IF_UNKNOWN: Final = "for stacks that were synthesized for any account and Region."


def _html(value: Path | None) -> Path | None:
    if value is not None:
        if value.is_dir():
            raise typer.BadParameter(f"expected a file to write the page into, got the folder {value}")
        check_writable(value)
    return value


def _settings(values: Sequence[str], option: str) -> dict[str, str]:
    """Return NAME=VALUE texts by name."""
    found: dict[str, str] = {}
    for value in values:
        name, is_setting, text = value.partition("=")
        if not is_setting or not name:
            raise typer.BadParameter(f"expected {option} NAME=VALUE, got {value!r}")
        if name in found:
            raise typer.BadParameter(f"expected one value for {name}, got {found[name]!r} and {text!r}")
        found[name] = text
    return found


def parse_switches(values: Sequence[str]) -> Switches:
    """Return the switches with the given answers, each as NAME=VALUE; raise BadParameter for any other text."""
    types = get_type_hints(Switches)
    answers: dict[str, Any] = {}
    for name, text in _settings(values, "--switch").items():
        if name not in types:
            raise typer.BadParameter(f"there is no switch {name!r}: expected one of {', '.join(types)}")
        answers[name] = _answer(name, types[name], text)
    return Switches(**answers)


def _answer(name: str, kind: Any, text: str) -> Any:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise typer.BadParameter(f"expected {name}=true or {name}=false, got {text!r}")
        return text.lower() == "true"
    if issubclass(kind, StrEnum):
        if text not in {*kind}:
            raise typer.BadParameter(f"expected {name} to be {' or '.join(kind)}, got {text!r}")
        return kind(text)
    pattern, expected = (r"\d+", "a whole number") if kind is int else (r"\d+(\.\d+)?", "a number")
    if not re.fullmatch(pattern, text, re.ASCII):
        raise typer.BadParameter(f"expected {expected} for {name}, got {text!r}")
    return kind(text)


def rehearse_command(
    environment: Annotated[
        str | None, typer.Argument(help="The environment, for example prod. Default: the only one there is.")
    ] = None,
    *,
    assembly: AssemblyOption = DEFAULT_ASSEMBLY,
    act: Annotated[
        list[str] | None, typer.Option("--act", help="Play this act; can be repeated. Default: all.")
    ] = None,
    calls: Annotated[bool, typer.Option("--calls", help="Show each call, and the statement that allowed it.")] = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Show the needed statements too.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", callback=_html, help="Write the result as a page.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 3 if it passed, and does not prove everything.")
    ] = False,
    execution_policy: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="A policy of CloudFormation's role, as penstock review --execution-policy writes it; can be repeated."
            " Default: AdministratorAccess.",
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", callback=check_account, help=f"The account, {_IF_UNKNOWN}")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", callback=check_region, help=f"The Region, {_IF_UNKNOWN}")
    ] = None,
    flink: Annotated[
        bool,
        typer.Option(
            "--flink",
            help="Run the jobs on Flink, on this machine's clock; Kafka and Prometheus stand for MSK and AMP.",
        ),
    ] = False,
    job_python: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The job's python for --flink, as for penstock demo."),
    ] = None,
    iam_rule: Annotated[
        bool,
        typer.Option("--iam-rule", help="A key's policy that names MSF's caller is enough, as IAM's rule says."),
    ] = False,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Another answer to what is not known of MSF; can be repeated."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="The value of a parameter of the templates; can be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play the deployment of a synthesized app without AWS, with every call decided by the templates' own policies.

    Exit codes: 0 it passed; 1 an act failed, a call was refused or an attack was let in; 3 with --strict, if something
    is not proven; 130 after Ctrl-C.
    """
    # Loaded here, because the servers of a play load slowly.
    from cdk_penstock.rehearsal.rehearsal import ACT_NAMES, rehearse  # noqa: PLC0415

    if unknown := [each for each in act or () if each not in ACT_NAMES]:
        raise typer.BadParameter(f"there is no act {unknown[0]!r}: expected one of {', '.join(ACT_NAMES)}")
    if job_python is not None and not flink:
        raise typer.BadParameter("--job-python needs --flink, without which no job runs")
    options = RehearsalOptions(
        assembly=assembly,
        environment=environment,
        acts=tuple(act or ()),
        world=WorldOptions(msf=parse_switches(switch or ()), msf_needs_both_policies=not iam_rule),
        execution_policies=tuple(execution_policy or ()),
        parameters=_settings(parameter or (), "--parameter"),
        job_python=(job_python or default_job_python()).absolute() if flink else None,
        account=account,
        region=region,
    )
    errors = new_console(stderr=True)
    progress = ConsoleProgress(errors)
    try:
        with stop_signals_raise():
            progress.stage("read the assembly")
            result = rehearse(options, progress)
            progress.done()
    except PenstockError as error:
        progress.stop()
        show_error(errors, error)
        raise typer.Exit(_EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        progress.stop()
        errors.print("interrupted; everything has been stopped")
        raise typer.Exit(_EXIT_INTERRUPTED) from error
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_rehearsal(result), encoding="utf-8")
        errors.print(f"wrote {html}", soft_wrap=True)
    if as_json:
        print_json(to_json(result, strict=strict))
    else:
        RehearsalScreen(new_console(), calls=calls, coverage=coverage).show(result)
    if code := result.exit_code(strict=strict):
        raise typer.Exit(code)
