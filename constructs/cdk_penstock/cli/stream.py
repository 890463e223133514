"""``penstock stream``: the shards of a Kinesis stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cdk_penstock.cli.arguments import JsonOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import aws_access, caller_session, explain_aws_errors
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.control.stream_control import StreamControl
from cdk_penstock.model.kinesis import KinesisError, check_shard_count, check_stream_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.control.stream_control import StreamSummary

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream/(.+)", re.ASCII)
_DAY_MINUTES: Final = 24 * 60

stream_app = typer.Typer(
    help="Show or change the number of shards of a Kinesis stream.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, or planned with --dry-run; 1 failed with a message; 2 wrong arguments; 130 interrupted,"
    " where a step that has begun goes on by itself: run the same command again.",
)


def _stream(value: str) -> str:
    arn = _ARN.fullmatch(value)
    if value.startswith("arn:") and arn is None:
        raise typer.BadParameter(
            f"expected the ARN of a stream, arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, got {value!r}"
        )
    try:
        check_stream_name(value if arn is None else arn[2])
    except KinesisError as error:
        raise typer.BadParameter(str(error)) from error
    return value


def _shards(value: int) -> int:
    try:
        return check_shard_count(value)
    except KinesisError as error:
        raise typer.BadParameter(str(error)) from error


StreamOption = Annotated[str, typer.Option("--stream", callback=_stream, help="The stream's name or ARN.")]


@stream_app.command()
def status(
    *,
    stream: StreamOption,
    region: RegionOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a stream's shards, its capacity mode, retention and consumers."""
    with explain_aws_errors():
        found = _control(stream, region, profile).describe()
    if as_json:
        print_json(_fields(found))
        return
    mode = "on demand" if found.is_on_demand else "provisioned"
    console = new_console()
    for name, value in (
        ("stream", found.arn),
        ("status", found.status),
        ("capacity", mode),
        ("open shards", found.shards),
        ("retention", f"{found.retention_hours} hours"),
        ("consumers with fan-out", found.fan_out_consumers),
    ):
        console.print(f"{name:<24}{value}", soft_wrap=True)


@stream_app.command()
def scale(
    *,
    stream: StreamOption,
    shards: Annotated[int, typer.Option("--shards", callback=_shards, help="The number of shards.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the steps, and change nothing.")] = False,
    timeout_minutes: Annotated[
        int,
        typer.Option(
            "--timeout-minutes", min=1, max=_DAY_MINUTES, help="How long a step may take. It then goes on by itself."
        ),
    ] = 60,
    region: RegionOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the number of shards, in as many steps as Kinesis needs: each at most doubles or halves it.

    Readers and writers go on meanwhile. Interrupted, run it again: it goes on from the present number. A deployment
    that changes the stream sets the number in its template again.
    """
    console = new_console(stderr=True)
    with explain_aws_errors():
        control = _control(stream, region, profile)
        before, steps = control.plan(shards)
        if dry_run:
            _show(before, before, steps, "planned", as_json=as_json)
            return
        after = control.scale(
            shards,
            step_timeout_seconds=60 * timeout_minutes,
            progress=lambda now, to: console.print(f"  -> {now.shards} to {to} shards", soft_wrap=True),
        )
    _show(before, after, steps, "done", as_json=as_json)


def _control(stream: str, region: str | None, profile: str | None) -> StreamControl:
    arn = _ARN.fullmatch(stream)
    if arn is not None and region not in {None, arn[1]}:
        raise typer.BadParameter(f"expected --region {arn[1]}, that of the stream's ARN, got {region}")
    session = caller_session(region if arn is None else arn[1], profile)
    return StreamControl(session.client("kinesis"), stream, clock=aws_access.clock)


def _show(before: StreamSummary, after: StreamSummary, steps: Sequence[int], result: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"result": result, "before": before.shards, "steps": list(steps), **_fields(after)})
        return
    way = " -> ".join(str(each) for each in (before.shards, *steps))
    if not steps:
        typer.echo(f"{after.name} has {after.shards} shards: nothing to do")
    elif result == "planned":
        typer.echo(f"{after.name}: {way} shards, {len(steps)} steps; nothing was changed")
    else:
        typer.echo(f"{after.name} has {after.shards} shards: {way}")


def _fields(stream: StreamSummary) -> dict[str, Any]:
    return {
        "stream": stream.arn,
        "status": stream.status,
        "onDemand": stream.is_on_demand,
        "shards": stream.shards,
        "retentionHours": stream.retention_hours,
        "fanOutConsumers": stream.fan_out_consumers,
    }
