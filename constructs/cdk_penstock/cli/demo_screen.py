"""Playing a scenario and showing what it found."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.table import Table

from cdk_penstock.cli.screen import print_json
from cdk_penstock.local.demo.files import figures, write_report
from cdk_penstock.local.demo.results import graph_url, metric_rows
from cdk_penstock.local.demo.run import Demo

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from cdk_penstock.cli.progress import ConsoleProgress
    from cdk_penstock.local.demo.results import DemoResult
    from cdk_penstock.local.demo.run import DemoOptions

__all__ = ("play", "show")

ROWS_SHOWN = 40
WATCH_SECONDS = 1.0


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
    layout = result.layout
    title = f"Metrics in Prometheus, by {layout.by}, {layout.over}s summed up"
    table = Table(title=title, title_justify="left")
    for name in ("metric", layout.by):
        table.add_column(name)
    for name in (f"{layout.over}s", "samples", "mean", "peak", "last"):
        table.add_column(name, justify="right")
    rows = metric_rows(result.samples, layout)
    for row in rows[:ROWS_SHOWN]:
        table.add_row(
            row.metric, row.group, str(row.summed), f"{row.samples:,}", f"{row.mean:,.1f}", f"{row.peak:,.0f}",
            f"{row.last:,.0f}",
        )  # fmt: skip
    console.print(table)
    if len(rows) > ROWS_SHOWN:
        console.print(f"... and {len(rows) - ROWS_SHOWN} more {layout.by}s")
    for name, text in figures(result):
        console.print(f"{name + ':':<14}{text}", soft_wrap=True)
    for problem in result.problems:
        console.print(f"problem: {problem}", style="red", soft_wrap=True)


def _show_addresses(result: DemoResult, console: Console) -> None:
    ends = [sample.timestamp_ms for sample in result.samples] or [int(time.time() * 1000)]
    graphs = graph_url(result.addresses.prometheus, result.layout, begin_ms=min(ends), end_ms=max(ends))
    for name, address in (
        ("local MSF", result.addresses.msf), ("Flink", result.addresses.flink), ("Prometheus", graphs),
        ("Kafka", result.addresses.kafka),
    ):  # fmt: skip
        console.print(f"{name + ':':<14}{address}", soft_wrap=True)


def _wait_for_interrupt(demo: Demo, console: Console) -> None:
    try:
        console.print("everything keeps running; press Ctrl-C to stop it")
        while True:
            demo.check_running()
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        console.print("stopping")
