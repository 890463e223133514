"""``penstock app logs``: the application's log, with errors of Python shown as errors."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from cdk_penstock.cli.arguments import ApplicationOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.operate.application_access import open_access
from cdk_penstock.cli.operate.time_spans import check_time_span, parse_time_span
from cdk_penstock.cli.screen import new_console
from cdk_penstock.control.application_log_reader import ApplicationLogReader
from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.log_lines import Severity, filter_pattern, log_streams

if TYPE_CHECKING:
    from cdk_penstock.cli.operate.application_access import ApplicationAccess
    from cdk_penstock.model.log_lines import LogLine, LogStream

_STYLES: Final = {Severity.ERROR: "red", Severity.WARN: "yellow"}


class Level(StrEnum):
    """The lowest level to show."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


def logs_command(
    *,
    application: ApplicationOption,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    since: Annotated[
        str, typer.Option("--since", callback=check_time_span, help="Begin so long ago, such as 30s, 15m, 2h or 1d.")
    ] = "1h",
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            case_sensitive=False,
            help="Leave out lines below this level. Errors of Python count as ERROR, though MSF logs them at INFO.",
        ),
    ] = Level.DEBUG,
    text: Annotated[
        str | None,
        typer.Option("--filter", help="Leave out lines without this text, in either case of its letters."),
    ] = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line, for scripts.")] = False,
) -> None:
    """Show or follow the application's log.

    The log group and stream are those of the application's CloudWatch logging option. The caller, not the operator
    role, reads them, and needs logs:FilterLogEvents.
    """
    least = Severity[level.value]
    console = new_console()
    with explain_aws_errors():
        access = open_access(application, region, profile, operator_role)
        streams = _streams(access)
        reader = ApplicationLogReader(access.logs, clock=access.clock)
        begin = access.clock.now() - parse_time_span(since)
        read = reader.follow if follow else reader.read
        shown = 0
        for line in read(streams, since=begin, pattern=filter_pattern(least)):
            if line.severity >= least and (text is None or line.holds(text)):
                shown += 1
                if as_json:
                    typer.echo(_json_of(line))
                else:
                    console.print(Text(str(line), style=_STYLES.get(line.severity, "")), soft_wrap=True)
    if not shown:
        typer.echo(f"no such lines since {begin:%Y-%m-%d %H:%M:%SZ} in {_named(streams)}", err=True)


def _streams(access: ApplicationAccess) -> tuple[LogStream, ...]:
    streams = log_streams(access.describe())
    if not streams:
        raise ControlError(
            f"application {access.name} has no CloudWatch logging option, so there is no log to read: add one, as"
            " FlinkApplication does by default"
        )
    return streams


def _named(streams: tuple[LogStream, ...]) -> str:
    return ", ".join(f"{each.group} {each.stream}" for each in streams)


def _json_of(line: LogLine) -> str:
    fields = {
        "at": line.at.isoformat(),
        "level": line.severity.name,
        "logger": line.logger,
        "message": line.message,
        "throwable": list(line.throwable),
        "versionId": line.version_id,
        "stream": line.stream,
    }
    return json.dumps(fields)
