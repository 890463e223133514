"""``penstock replay``: send recorded events to a Kafka topic."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cdk_penstock.cli.arguments import JsonOption
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.screen import new_console, print_json, show_error
from cdk_penstock.local.errors import ClientSettingError
from cdk_penstock.local.event_files import STANDARD_INPUT, latest_event_ms, read_lines, require_file
from cdk_penstock.local.event_lines import TIME_FIELD, LineFormat, first_event_shift, minutes_shift_ms
from cdk_penstock.local.event_replay import EventTime, ReplayOptions, replay
from cdk_penstock.local.kafka_sink import KafkaSink
from cdk_penstock.local.signals import stop_signals_raise
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.kafka_rules import KafkaError, check_topic_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_penstock.local.event_replay import ReplaySummary

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
AS_FAST_AS_POSSIBLE = "max"

_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_LAST_PORT: Final = 65_535


def parse_speed_up(text: str) -> float:
    """Return a speed-up as a number, 0 for as fast as possible."""
    if text == AS_FAST_AS_POSSIBLE:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise typer.BadParameter(f"expected a number of at least 0, or {AS_FAST_AS_POSSIBLE}, got {text!r}")
    return value


def parse_settings(texts: Iterable[str]) -> dict[str, str]:
    """Return client settings given as ``key=value``."""
    settings = {}
    for text in texts:
        key, found, value = text.partition("=")
        if not found or not key:
            raise typer.BadParameter(f"expected KEY=VALUE, got {text!r}")
        settings[key] = value
    return settings


def _shift_ms(file: Path, event_time: EventTime, fields: LineFormat) -> int | None:
    """Return the shift, ``None`` if only the first event can tell."""
    if event_time is EventTime.KEEP:
        return 0
    if file == STANDARD_INPUT:
        return None
    latest_ms = latest_event_ms(file, fields)
    return 0 if latest_ms is None else minutes_shift_ms(latest_ms, int(time.time() * 1000))


def _servers(value: str) -> str:
    for server in value.split(","):
        found = _SERVER.fullmatch(server.strip())
        if not found or not 1 <= int(found[1]) <= _LAST_PORT:
            raise typer.BadParameter(f"expected host:port, separated by commas, got {value!r}")
    return value


def _topic(value: str) -> str:
    try:
        return check_topic_name(value)
    except KafkaError as error:
        raise typer.BadParameter(str(error)) from error


def _file_or_standard_input(file: Path) -> Path:
    # Typer's own check compares a path with the text "-", and would refuse the standard input.
    if file != STANDARD_INPUT and not file.exists():
        raise typer.BadParameter(f"file {str(file)!r} does not exist.")
    if file.is_dir():
        raise typer.BadParameter(f"file {str(file)!r} is a directory.")
    return file


def replay_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            callback=_file_or_standard_input,
            help="JSON Lines, plain or gzip; - for the standard input.",
        ),
    ],
    *,
    bootstrap_servers: Annotated[
        str, typer.Option(callback=_servers, help="The Kafka brokers: host:port, separated by commas.")
    ],
    topic: Annotated[str, typer.Option(callback=_topic, help="An existing topic.")],
    key_field: Annotated[
        str | None,
        typer.Option(help="The field with a record's key, a text; without it, records have no key, and no order."),
    ] = None,
    time_field: Annotated[
        str, typer.Option(help="The field with the event time, in milliseconds since the epoch.")
    ] = TIME_FIELD,
    speed_up: Annotated[
        str, typer.Option(help="How much faster than recorded; 0 or max for as fast as possible.")
    ] = AS_FAST_AS_POSSIBLE,
    event_time: Annotated[
        EventTime,
        typer.Option(
            help="keep: the events' own times. now: moved by a whole number of minutes, so that the latest event of "
            "the file (of the standard input: the first one) happened within the last minute."
        ),
    ] = EventTime.KEEP,
    client_setting: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A setting of librdkafka, for example for TLS.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send recorded events to a Kafka topic, in order per key.

    Every line is one record. A line without a usable key and time is sent as it is, without a key, for the job's dead
    letters. Exit code: 0 if all was delivered, 1 if not, 130 after Ctrl-C.
    """
    fields = LineFormat(key_field=key_field, time_field=time_field)
    speed, settings = parse_speed_up(speed_up), parse_settings(client_setting or ())
    console = new_console(stderr=True)
    progress = ConsoleProgress(console)
    try:
        with stop_signals_raise():
            # The file first: a broker that is not there is waited for.
            if file != STANDARD_INPUT:
                require_file(file, what="the input file")
            if not as_json:
                progress.stage(f"replay {file} to {topic}")
            shift_ms = _shift_ms(file, event_time, fields)
            sink = KafkaSink(bootstrap_servers, topic, settings=settings)
            lines: Iterable[bytes] = read_lines(file)
            if shift_ms is None:
                shift_ms, lines = first_event_shift(lines, fields, now_ms=int(time.time() * 1000))
            options = ReplayOptions(fields=fields, speed_up=speed, shift_ms=shift_ms)
            summary = replay(lines, sink, options, progress=progress)
            progress.done()
    except ClientSettingError as error:
        progress.stop()
        raise typer.BadParameter(str(error), param_hint="'--client-setting'") from error
    except PenstockError as error:
        progress.stop()
        show_error(console, error)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        progress.stop()
        console.print("interrupted")
        raise typer.Exit(EXIT_INTERRUPTED) from error
    _show(summary, as_json=as_json)


def _show(summary: ReplaySummary, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sent": summary.sent,
                "malformed": summary.malformed,
                "elapsed_seconds": round(summary.elapsed_seconds, 3),
                "records_per_second": round(summary.records_per_second, 1),
                "max_lag_seconds": round(summary.max_lag_seconds, 3),
                "first_event_ms": summary.first_event_ms,
                "last_event_ms": summary.last_event_ms,
                "shift_ms": summary.shift_ms,
            }
        )
        return
    new_console().print(
        f"{summary.sent:,} records in {summary.elapsed_seconds:.1f} s, {summary.records_per_second:,.0f} a second; "
        f"{summary.malformed:,} malformed; at most {summary.max_lag_seconds:.1f} s behind; "
        f"event times moved by {summary.shift_ms / 60_000:,.0f} min",
    )
