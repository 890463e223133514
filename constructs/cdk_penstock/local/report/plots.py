"""Pictures of the metrics over event time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cdk_penstock.local.report.series import total_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from cdk_penstock.local.prometheus.samples import Sample
    from cdk_penstock.local.report.layout import Plot

_MAX_LINES: Final = 12
# More lines or more points than this hide each other on one pair of axes, so each gets separate axes.
_MAX_LINES_TOGETHER: Final = 6
_MAX_POINTS_TOGETHER: Final = 80
# Distinguishable with every common form of colour blindness (Okabe and Ito).
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, GRID = "#24292f", "#d0d7de"
_FEW_POINTS: Final = 40
_GAP_WINDOWS: Final = 3  # more windows than this without a sample interrupt the line
_DOTS_PER_INCH: Final = 130
HEADROOM, FOOTROOM = 1.08, 0.04  # a line at zero must not hide behind the axis
# For years, months, days, hours, minutes and seconds; the date stands once, at the end of the axis.
_TIME_FORMATS: Final = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
WIDTH_INCHES, HEIGHT_INCHES, PANEL_INCHES, FRAME_INCHES = 11.0, 5.0, 0.85, 1.3

Points = list[tuple[int, float]]


def with_gaps(points: Sequence[tuple[int, float]], *, longest_ms: int) -> list[tuple[int, float]]:
    """Return the points with a missing value (NaN) wherever two neighbours are more than ``longest_ms`` apart.

    The points are pairs of time in milliseconds and value, sorted by time.
    """
    result: list[tuple[int, float]] = []
    for time_ms, value in points:
        if result and time_ms - result[-1][0] > longest_ms:
            result.append((result[-1][0] + 1, float("nan")))
        result.append((time_ms, value))
    return result


def largest_lines(lines: Mapping[str, Points], *, limit: int = _MAX_LINES) -> dict[str, Points]:
    """Return the lines with the largest totals, in the order of their names."""
    ranked = sorted(lines, key=lambda name: (-sum(value for _, value in lines[name]), name))
    return {name: lines[name] for name in sorted(ranked[:limit])}


def draw_plots(samples: Sequence[Sample], folder: Path, *, plots: Sequence[Plot], window_seconds: int) -> list[Path]:
    """Draw the pictures as PNG files and return them; the job's window decides on the axis and on gaps."""
    return [_draw(plot, samples, folder, window_seconds=window_seconds) for plot in plots]


def _draw(plot: Plot, samples: Sequence[Sample], folder: Path, *, window_seconds: int) -> Path:
    everything = total_by(samples, metric=plot.metric, label=plot.label)
    lines = largest_lines(everything)
    longest = max((len(points) for points in lines.values()), default=0)
    together = len(lines) <= 1 or (len(lines) <= _MAX_LINES_TOGETHER and longest <= _MAX_POINTS_TOGETHER)
    height = HEIGHT_INCHES if together else FRAME_INCHES + PANEL_INCHES * len(lines)
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    panels = 1 if together else len(lines)
    axes = [row[0] for row in figure.subplots(panels, 1, sharex=True, sharey=True, squeeze=False)]
    longest_gap_ms = _GAP_WINDOWS * window_seconds * 1000
    for number, (name, points) in enumerate(lines.items()):
        _draw_line(axes[0 if together else number], name, points, number=number, longest_gap_ms=longest_gap_ms)
    highest = max((value for points in lines.values() for _, value in points), default=0.0)
    for one in axes:
        _dress(one, top=max(1.0, highest) * HEADROOM)
        if not together:
            one.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=10, handlelength=1.2)
    if together and lines:
        axes[0].legend(
            title=plot.label, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, alignment="left", fontsize=10
        )
    if not lines:
        axes[0].text(0.5, 0.5, "no samples", transform=axes[0].transAxes, ha="center", va="center", color=INK)
    omitted = f" (the {len(lines)} largest of {len(everything)})" if len(lines) < len(everything) else ""
    axes[0].set_title(f"{plot.title}{omitted}", loc="left", fontsize=14, fontweight="bold", color=INK, pad=12)
    axes[-1].set_xlabel(f"event time (UTC), at the end of each {window_seconds} s window", color=INK)
    figure.supylabel(plot.unit, color=INK, fontsize=11)
    file = folder / plot.file_name
    figure.savefig(file, dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return file


def _draw_line(axes: Axes, name: str, points: Points, *, number: int, longest_gap_ms: int) -> None:
    shown = with_gaps(points, longest_ms=longest_gap_ms)
    times = [datetime.fromtimestamp(time_ms / 1000, tz=UTC) for time_ms, _ in shown]
    values = [value for _, value in shown]
    few = len(points) <= _FEW_POINTS
    axes.plot(
        times,  # type: ignore[arg-type]
        values,
        label=name,
        color=_COLOURS[number % len(_COLOURS)],
        linewidth=1.8 if few else 1.0,
        marker="o" if few else ".",  # a sample between two gaps is a line without length
        markersize=4 if few else 2,
    )


def _dress(axes: Axes, *, top: float) -> None:
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(  # type: ignore[no-untyped-call]
        locator, tz=UTC, formats=_TIME_FORMATS, zero_formats=_TIME_FORMATS
    )
    axes.xaxis.set_major_formatter(formatter)
    axes.yaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True, min_n_ticks=2))
    axes.set_ylim(bottom=-FOOTROOM * top, top=top)
    axes.margins(x=0.02)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
