"""``penstock size``: an estimate of the monthly cost of one environment, from its synthesized templates."""

from __future__ import annotations

import tomllib
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.box import SIMPLE
from rich.table import Table

from cdk_penstock.cli.arguments import DEFAULT_ASSEMBLY, AssemblyOption, JsonOption
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.model.cost import PriceError, Prices, Usage, UsageError, prices_from_toml
from cdk_penstock.model.cost.usage import NOT_PRICED
from cdk_penstock.model.texts import decode_text
from cdk_penstock.review.assembly import read_environment
from cdk_penstock.review.cost import estimate_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from cdk_penstock.model.cost import CostLine, Estimate

_USAGE: Final = Usage()
_MOST_NAMED: Final = 2


def size_command(
    *,
    environment: Annotated[
        str | None,
        typer.Option(help="The environment, for example prod. Default: the app's stacks, if it has no Stages."),
    ] = None,
    assembly: AssemblyOption = DEFAULT_ASSEMBLY,
    prices_file: Annotated[
        Path | None,
        typer.Option(
            "--prices", exists=True, dir_okay=False, help="A TOML file with prices of your Region or contract."
        ),
    ] = None,
    events_per_second: Annotated[
        float, typer.Option(help="Events in each stream and cluster, the mean over the month.")
    ] = _USAGE.events_per_second,
    event_bytes: Annotated[int, typer.Option(help="The size of an event.")] = _USAGE.event_bytes,
    readers: Annotated[int, typer.Option(help="How many times each event is read.")] = _USAGE.readers,
    kafka_retention_hours: Annotated[
        float, typer.Option(help="How long Kafka keeps events, if you pay for storage by use.")
    ] = _USAGE.kafka_retention_hours,
    kafka_partitions: Annotated[
        int, typer.Option(help="Partitions of a serverless cluster; its topics are not in a template.")
    ] = _USAGE.kafka_partitions,
    samples_per_second: Annotated[
        float, typer.Option(help="Samples written to each Prometheus workspace.")
    ] = _USAGE.samples_per_second,
    queried_samples_per_second: Annotated[
        float, typer.Option(help="Samples that dashboards and rules read.")
    ] = _USAGE.queried_samples_per_second,
    editors: Annotated[
        int, typer.Option(help="Active editors and service accounts of each Grafana workspace.")
    ] = _USAGE.editors,
    viewers: Annotated[int, typer.Option(help="Active viewers of each Grafana workspace.")] = _USAGE.viewers,
    log_gb: Annotated[
        float, typer.Option(help="Size of the log events of each log group, GB a month.")
    ] = _USAGE.log_gb,
    archived_gb: Annotated[float, typer.Option(help="Data in each bucket, GB.")] = _USAGE.archived_gb,
    snapshot_gb: Annotated[
        float, typer.Option(help="Size of the snapshots of each application, GB.")
    ] = _USAGE.snapshot_gb,
    as_json: JsonOption = False,
) -> None:
    """Estimate the cost of one environment a month, with every assumption and all that has no price."""
    try:
        usage = Usage(
            events_per_second=events_per_second,
            event_bytes=event_bytes,
            readers=readers,
            kafka_retention_hours=kafka_retention_hours,
            kafka_partitions=kafka_partitions,
            samples_per_second=samples_per_second,
            queried_samples_per_second=queried_samples_per_second,
            editors=editors,
            viewers=viewers,
            log_gb=log_gb,
            archived_gb=archived_gb,
            snapshot_gb=snapshot_gb,
        )
    except UsageError as error:
        raise typer.BadParameter(str(error)) from error
    prices = Prices() if prices_file is None else _read_prices(prices_file)
    estimate = estimate_templates(read_environment(assembly, environment), usage=usage, prices=prices)
    if as_json:
        print_json(_fields(environment, estimate, usage, prices))
        return
    _show(new_console(), estimate, usage, prices)


def _read_prices(path: Path) -> Prices:
    try:
        return prices_from_toml(tomllib.loads(decode_text(path.read_bytes(), f"the file of prices {path}", PriceError)))
    except (OSError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PriceError(f"prices cannot be read from {path}: {error}") from error


def _show(console: Console, estimate: Estimate, usage: Usage, prices: Prices) -> None:
    console.print(f"{estimate.total_usd:,.2f} USD a month, estimated", style="bold")
    console.print(_table(estimate))
    for service, amount in estimate.by_service.items():
        console.print(f"{service:<32}{amount:>12,.2f} USD a month")
    console.print(f"{'estimated':<32}{estimate.total_usd:>12,.2f} USD a month", style="bold")
    _show_list(console, "Prices", [f"{prices.region}, {prices.as_of}: {prices.source}"])
    assumed = [f"{name.replace('_', ' ')}: {value:g}" for name, value in usage.as_mapping().items()]
    _show_list(console, "Assumptions, each an option", [*assumed, "everything runs all month, 730 hours"])
    _show_list(
        console,
        "Not estimated",
        list(_not_estimated(estimate)) or ["nothing"],
    )
    _show_list(console, "Not priced at all", list(NOT_PRICED))


def _not_estimated(estimate: Estimate) -> Iterator[str]:
    """Yield a line for each reason; many resources of one type, such as the CDK's own functions, share one."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for each in estimate.not_estimated:
        by_reason.setdefault((each.type, each.reason), []).append(each.resource)
    for (kind, reason), resources in by_reason.items():
        shown = ", ".join(resources) if len(resources) <= _MOST_NAMED else f"{len(resources)} of them, named by --json"
        yield f"{kind}: {reason} ({shown})"


def _show_list(console: Console, title: str, entries: list[str]) -> None:
    console.print(f"\n{title}", style="bold")
    for entry in entries:
        console.print(f"  {entry}", soft_wrap=True)


def _table(estimate: Estimate) -> Table:
    table = Table("resource", "item", "quantity", "USD each", "USD a month", box=SIMPLE)
    table.columns[0].overflow = "fold"
    for column in table.columns[2:]:
        column.justify = "right"
    for (_, resource), grouped in groupby(sorted(estimate.lines, key=_by_resource), key=_by_resource):
        for index, line in enumerate(grouped):
            table.add_row(
                resource if index == 0 else "",
                line.item,
                f"{line.quantity:,.6g} {line.unit}",
                f"{line.unit_price_usd:g}",
                f"{line.monthly_usd:,.2f}",
            )
    return table


def _by_resource(line: CostLine) -> tuple[str, str]:
    return line.service, line.resource


def _fields(environment: str | None, estimate: Estimate, usage: Usage, prices: Prices) -> dict[str, Any]:
    return {
        "environment": environment,
        "monthlyUsd": round(estimate.total_usd, 2),
        "byService": {service: round(amount, 2) for service, amount in estimate.by_service.items()},
        "prices": {"region": prices.region, "asOf": prices.as_of, "source": prices.source},
        "assumptions": dict(usage.as_mapping()),
        "lines": [
            {
                "service": line.service,
                "resource": line.resource,
                "item": line.item,
                "quantity": line.quantity,
                "unit": line.unit,
                "unitPriceUsd": line.unit_price_usd,
                "monthlyUsd": round(line.monthly_usd, 4),
            }
            for line in estimate.lines
        ],
        "notEstimated": [
            {"resource": each.resource, "type": each.type, "reason": each.reason} for each in estimate.not_estimated
        ],
        "notPriced": list(NOT_PRICED),
    }
