"""The report of a demonstration: the samples, the pictures and one page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.demo.results import metric_rows
from cdk_penstock.local.report.page import render_page
from cdk_penstock.local.report.series import write_series

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.local.demo.results import DemoResult

_SERIES_NAME: Final = "series.csv"
_PAGE_NAME: Final = "report.html"


def figures(result: DemoResult) -> list[tuple[str, str]]:
    """Return what a run measured, as pairs of a name and a text."""
    checkpoints = result.checkpoints
    letters = ", ".join(f"{reason}: {count:,}" for reason, count in result.dead_letters.items()) or "none"
    return [
        ("events", f"{result.events:,} in {result.seconds:.1f} s, {result.events_per_second:,.0f} a second"),
        ("samples", f"{len(result.samples):,} in windows of {result.window_seconds} s"),
        ("dead letters", letters),
        (
            "checkpoints",
            (
                f"{checkpoints.completed} completed in {checkpoints.duration_min_ms} / "
                f"{checkpoints.duration_average_ms} / {checkpoints.duration_max_ms} ms (least / mean / most), "
                f"at most {checkpoints.size_max_bytes / 1024:,.0f} KiB"
            ),
        ),
        ("restarts", str(result.restarts)),
        ("checked", result.checked),
    ]


def write_report(result: DemoResult, folder: Path) -> list[Path]:
    """Write the report into a folder, which is made if it is not there, and return its files, the page first."""
    from cdk_penstock.local.report.plots import draw_plots  # noqa: PLC0415 - matplotlib is slow to load, and only a report needs it

    layout = result.layout
    folder.mkdir(parents=True, exist_ok=True)
    series, page = folder / _SERIES_NAME, folder / _PAGE_NAME
    write_series(series, result.samples, labels=layout.labels)
    pictures = draw_plots(result.samples, folder, plots=layout.plots, window_seconds=result.window_seconds)
    columns = ("metric", layout.by, f"{layout.over}s", "samples", "mean", "peak", "last")
    rows = [
        (row.metric, row.group, str(row.summed), f"{row.samples:,}", f"{row.mean:,.1f}", f"{row.peak:,.0f}",
         f"{row.last:,.0f}")
        for row in metric_rows(result.samples, layout)
    ]  # fmt: skip
    verdict = "Everything is as it should be." if not result.problems else "Problems: " + " ".join(result.problems)
    text = render_page(
        title=layout.title,
        lead=f"Written on {datetime.now(tz=UTC):%d %B %Y at %H:%M} UTC. {verdict}",
        tables=[
            ("What was measured", (("figure", "value"), figures(result))),
            (f"Metrics by {layout.by}, {layout.over}s summed up", (columns, rows)),
        ],
        pictures=[(plot.title, file) for plot, file in zip(layout.plots, pictures, strict=True)],
    )
    page.write_text(text, encoding="utf-8")
    return [page, series, *pictures]
