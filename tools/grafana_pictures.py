"""Draw the vehicle job's dashboards in Grafana with made-up values: pictures for the documentation, light and dark.

``python -m tools.grafana_pictures docs/pictures``. It draws the JSON that is deployed, as Grafana would, and needs no
Grafana: a real Prometheus answers the queries (``grafana_samples``).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cdk_penstock.observability import CloudWatchDataSource, PrometheusDataSource
from stacks.environment import ApplicationSettings
from stacks.workloads import pipeline_of
from tools.dashboard_pictures import UPDATE, png_of
from tools.grafana_samples import NOW, START, Answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from tools.grafana_samples import Line

COLUMNS, COLUMN_PIXELS, ROW_PIXELS, DPI, HEADER_ROWS = 24, 46, 30, 80, 2
_RANGE_MINUTES: Final = {"now-15m": 15, "now-3h": 180}
_FIGURE_MINUTES: Final = {"15m": 15}


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colors of a theme of Grafana."""

    name: str
    page: str
    panel: str
    border: str
    text: str
    muted: str
    grid: str
    semantic: Mapping[str, str]
    lines: tuple[str, ...]


THEMES: Final = (
    Theme(
        name="light",
        page="#f4f5f5",
        panel="#ffffff",
        border="#dfe1e4",
        text="#24292e",
        muted="#5f6670",
        grid="#e7e8ea",
        semantic={"blue": "#1f60c4", "green": "#37872d", "yellow": "#b27a00", "red": "#c4162a"},
        lines=("#1f60c4", "#e0610a", "#37872d", "#c4162a", "#8f3bb8", "#008b8b", "#b877d9", "#b8860b", "#6b7280"),
    ),
    Theme(
        name="dark",
        page="#111217",
        panel="#181b1f",
        border="#2a2d34",
        text="#d8d9da",
        muted="#9a9ba1",
        grid="#2b2e34",
        semantic={"blue": "#6e9fff", "green": "#73bf69", "yellow": "#fade2a", "red": "#f2495c"},
        lines=("#6e9fff", "#ff9830", "#73bf69", "#f2495c", "#ca95e5", "#4dd0d0", "#e8b4f0", "#fade2a", "#c0c4cc"),
    ),
)


def vehicle_dashboards() -> dict[str, dict[str, Any]]:
    """Return the dashboards of the vehicle job, as an environment with one application of the name gets them."""
    # It makes the workload's contract importable.
    pipeline_of("vehicle_metrics")
    from stacks.vehicle_metrics.dashboard import (  # noqa: PLC0415
        cloudwatch_url,
        connected_vehicles,
        vehicle_operations,
    )

    application = ApplicationSettings(name="vehicle-metrics-prod", parallelism=4)
    prometheus = PrometheusDataSource(uid="penstock-metrics", type="grafana-amazonprometheus-datasource")
    cloudwatch = CloudWatchDataSource(uid="penstock-cloudwatch")
    links = {"CloudWatch": cloudwatch_url(application.name, region=None)}
    made = (
        connected_vehicles(prometheus, links=links),
        vehicle_operations(application, prometheus=prometheus, cloudwatch=cloudwatch, links=links),
    )
    return {each.name: dict(each.content) for each in made}


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a value as Grafana writes it in a unit."""
    scales: Mapping[str, Sequence[tuple[float, str]]] = {
        "short": ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K"), (1, "")),
        "ms": ((3.6e6, " hours"), (6e4, " mins"), (1e3, " s"), (1, " ms")),
        "s": ((3600, " hours"), (60, " mins"), (1, " s")),
        "bytes": ((2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"), (1, " B")),
        "percent": ((1, "%"),),
        "percentunit": ((0.01, "%"),),
    }
    size, suffix = next((each for each in scales[unit] if abs(value) >= each[0]), scales[unit][-1])
    scaled = value / size
    digits = decimals if decimals and size <= 1 else (0 if float(scaled).is_integer() else 1)
    return f"{scaled:.{digits}f}{suffix}"


class Picture:
    """A dashboard drawn in a theme."""

    def __init__(self, content: Mapping[str, Any], theme: Theme, answers: Answers) -> None:
        self._content = content
        self._theme = theme
        self._answers = answers
        self._range_minutes = _RANGE_MINUTES[content["time"]["from"]]
        places = [each["gridPos"] for each in content["panels"]]
        self._rows = HEADER_ROWS + max(each["y"] + each["h"] for each in places)
        size = (COLUMNS * COLUMN_PIXELS / DPI, self._rows * ROW_PIXELS / DPI)
        self.figure = Figure(figsize=size, dpi=DPI, facecolor=theme.page)
        FigureCanvasAgg(self.figure)
        self._colors: dict[str, str] = {}

    def draw(self) -> Figure:
        """Return the drawn figure: a header, and each panel in its place."""
        self._draw_header()
        for panel in self._content["panels"]:
            if panel["type"] == "row":
                frame = self._axes(panel, frame=False)
                frame.text(
                    0.004, 0.45, f"▾ {panel['title']}", color=self._theme.text, size=10, weight="bold", va="center"
                )
                continue
            minutes = _FIGURE_MINUTES.get(panel.get("timeFrom", ""), self._range_minutes)
            lines = [each for each in self._answers.lines(panel, minutes) if not np.isnan(each.values).all()]
            frame = self._axes(panel)
            frame.text(
                0.1 / panel["gridPos"]["w"],
                1 - 0.25 / panel["gridPos"]["h"],
                panel["title"],
                color=self._theme.text,
                size=8,
                weight="bold",
                va="top",
            )
            if not lines:
                frame.text(0.5, 0.45, "No data", color=self._theme.muted, size=10, ha="center", va="center")
                continue
            {"stat": self._draw_figures, "bargauge": self._draw_bars, "timeseries": self._draw_chart}[panel["type"]](
                frame, panel, lines
            )
        return self.figure

    def _color(self, name: str) -> str:
        # As in Grafana, a name has one color on the whole dashboard.
        return self._colors.setdefault(name, self._theme.lines[len(self._colors) % len(self._theme.lines)])

    def _place(self, panel: Mapping[str, Any]) -> tuple[float, float, float, float]:
        grid = panel["gridPos"]
        bottom = 1 - (HEADER_ROWS + grid["y"] + grid["h"]) / self._rows
        return grid["x"] / COLUMNS, bottom, grid["w"] / COLUMNS, grid["h"] / self._rows

    def _axes(self, panel: Mapping[str, Any], *, frame: bool = True) -> Axes:
        left, bottom, width, height = self._place(panel)
        gap_x, gap_y = 3 / (COLUMNS * COLUMN_PIXELS), 3 / (self._rows * ROW_PIXELS)
        place = (left + gap_x, bottom + gap_y, width - 2 * gap_x, height - 2 * gap_y)
        axes = self.figure.add_axes(place, facecolor=self._theme.panel if frame else "none")
        axes.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(0, 1))
        for spine in axes.spines.values():
            spine.set(color=self._theme.border, visible=frame)
        return axes

    def _inner(self, panel: Mapping[str, Any], left: float, bottom: float, right: float, top: float) -> Axes:
        """Return axes inside a panel, with margins in pixels."""
        x, y, width, height = self._place(panel)
        wide, high = COLUMNS * COLUMN_PIXELS, self._rows * ROW_PIXELS
        place = (x + left / wide, y + bottom / high, width - (left + right) / wide, height - (bottom + top) / high)
        return self.figure.add_axes(place, facecolor="none")

    def _draw_header(self) -> None:
        axes = self.figure.add_axes((0, 1 - HEADER_ROWS / self._rows, 1, HEADER_ROWS / self._rows))
        axes.set_axis_off()
        variables = [f"{each['label']}: All" for each in self._content.get("templating", {}).get("list", [])]
        links = [each["title"] for each in self._content["links"]]
        axes.text(0.006, 0.68, self._content["title"], color=self._theme.text, size=13, weight="bold", va="center")
        axes.text(0.006, 0.2, "    ".join(variables), color=self._theme.muted, size=9, va="center")
        span = {15: "Last 15 minutes", 180: "Last 3 hours"}[self._range_minutes]
        axes.text(
            0.994,
            0.68,
            f"{span}   ⟳ {self._content['refresh']}",
            color=self._theme.muted,
            size=9,
            va="center",
            ha="right",
        )
        axes.text(
            0.994,
            0.2,
            "    ".join(f"↗ {each}" for each in links),
            color=self._theme.semantic["blue"],
            size=9,
            va="center",
            ha="right",
        )

    def _draw_figures(self, frame: Axes, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        for index, line in enumerate(lines):
            value = line.values[~np.isnan(line.values)][-1]
            steps = [
                each for each in defaults["thresholds"]["steps"] if each["value"] is None or value >= each["value"]
            ]
            color = self._theme.semantic[steps[-1]["color"]]
            text = written(value, unit_of(panel, line), defaults.get("decimals"))
            frame.text(
                (index + 0.5) / len(lines), 0.42, text, color=color, size=19, weight="bold", ha="center", va="center"
            )
            if len(line.values) > 1:
                inner = self._inner(panel, 4, 4, 4, 88)
                recent = line.seconds >= NOW - _FIGURE_MINUTES[panel["timeFrom"]] * 60
                shown = line.values[recent]
                inner.fill_between(line.seconds[recent], shown, color=color, alpha=0.25, linewidth=0)
                inner.set(ylim=(0, max(float(np.nanmax(shown)), 1e-9) * 1.05), xlim=(line.seconds[recent][0], NOW))
                inner.set_axis_off()

    def _draw_bars(self, frame: Axes, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
        top = max(float(line.values[-1]) for line in lines) or 1.0
        high = 0.84 / len(lines)
        for index, line in enumerate(lines):
            y = 0.86 - (index + 1) * high
            value = float(line.values[-1])
            color = self._color(line.name)
            frame.add_patch(Rectangle((0.2, y + high * 0.15), 0.6, high * 0.7, color=self._theme.grid, linewidth=0))
            frame.add_patch(Rectangle((0.2, y + high * 0.15), 0.6 * value / top, high * 0.7, color=color, linewidth=0))
            frame.text(0.18, y + high / 2, line.name, color=self._theme.text, size=8, ha="right", va="center")
            text = written(value, unit_of(panel, line), panel["fieldConfig"]["defaults"].get("decimals"))
            frame.text(0.82, y + high / 2, text, color=color, size=9, weight="bold", va="center")

    def _draw_chart(self, frame: Axes, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
        entry = 11
        legend = 14 + entry * len(lines)
        right = [line for line in lines if is_on_the_right(panel, line)]
        axes = self._inner(panel, 52, legend + 18, 46 if right else 12, 30)
        other = axes.twinx() if right else axes
        for index, line in enumerate(sorted(lines, key=lambda each: -float(np.nanmax(each.values)))):
            color = self._color(line.name)
            (other if line in right else axes).plot(*with_gaps(line), color=color, linewidth=1.2)
            y = (legend - entry * (index + 0.9)) / (panel["gridPos"]["h"] * ROW_PIXELS)
            values, unit = line.values[~np.isnan(line.values)], unit_of(panel, line)
            frame.text(0.02, y, f"— {line.name}", color=color, size=6.8, va="center")
            frame.text(0.8, y, written(values[-1], unit), color=self._theme.text, size=6.8, va="center", ha="right")
            frame.text(0.97, y, written(values.max(), unit), color=self._theme.text, size=6.8, va="center", ha="right")
        header = (legend + 1) / (panel["gridPos"]["h"] * ROW_PIXELS)
        for x, text in ((0.8, "Last"), (0.97, "Max")):
            frame.text(x, header, text, color=self._theme.muted, size=6.5, va="center", ha="right")
        sides = [(axes, [line for line in lines if line not in right]), (other, right)] if right else [(axes, lines)]
        for side, shown in sides:
            self._style(side, panel, shown)
        if right:
            self._label(frame, panel, right)
        if NOW - self._range_minutes * 60 <= START + UPDATE * 60:
            axes.axvline(START + UPDATE * 60, color=self._theme.semantic["blue"], linewidth=1, linestyle="--")

    def _label(self, frame: Axes, panel: Mapping[str, Any], right: Sequence[Line]) -> None:
        """Write the labels of two axes above them."""
        y = 1 - 0.72 / panel["gridPos"]["h"]
        left = panel["fieldConfig"]["defaults"].get("custom", {}).get("axisLabel")
        frame.text(0.015, y, left, color=self._theme.muted, size=6.5, va="top")
        for text in {_overridden(panel, line, "custom.axisLabel") for line in right}:
            frame.text(0.985, y, text, color=self._theme.muted, size=6.5, va="top", ha="right")

    def _style(self, axes: Axes, panel: Mapping[str, Any], lines: Sequence[Line]) -> None:
        unit = unit_of(panel, lines[0]) if lines else "short"
        top = max((float(np.nanmax(line.values)) for line in lines), default=1.0) or 1.0
        minutes = self._range_minutes
        ticks = [NOW - minutes * 60 * part / 3 for part in (3, 2, 1)]
        axes.set(xlim=(NOW - minutes * 60, NOW), ylim=(-0.02 * top, top * 1.1))
        axes.set_xticks(ticks, [f"{(each % 86400) // 3600:02.0f}:{each % 3600 // 60:02.0f}" for each in ticks])
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=panel["fieldConfig"]["defaults"].get("decimals") == 0))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, unit)))
        axes.tick_params(labelsize=7, length=0, colors=self._theme.muted)
        axes.grid(color=self._theme.grid, linewidth=0.7)
        for spine in axes.spines.values():
            spine.set_visible(False)


def with_gaps(line: Line) -> tuple[list[float], list[float]]:
    """Return times and values with a gap where the next value is later than the others."""
    step = float(np.min(np.diff(line.seconds))) if len(line.seconds) > 1 else 1.0
    times, values = list(line.seconds), list(line.values)
    for index in range(len(times) - 1, 0, -1):
        if times[index] - times[index - 1] > step * 1.5:
            times.insert(index, times[index - 1] + step)
            values.insert(index, float("nan"))
    return times, values


def _overridden(panel: Mapping[str, Any], line: Line, setting: str) -> Any:
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == line.query:
            return next((each["value"] for each in override["properties"] if each["id"] == setting), None)
    return None


def unit_of(panel: Mapping[str, Any], line: Line) -> str:
    """Return the unit of a line of a panel."""
    return str(_overridden(panel, line, "unit") or panel["fieldConfig"]["defaults"]["unit"])


def is_on_the_right(panel: Mapping[str, Any], line: Line) -> bool:
    """Return True if a line belongs to the axis on the right."""
    return bool(_overridden(panel, line, "custom.axisPlacement") == "right")


def main(folder: str) -> None:
    """Write a picture of each dashboard in each theme."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as data, Answers(Path(data)) as answers:
        for name, content in vehicle_dashboards().items():
            for theme in THEMES:
                figure = Picture(content, theme, answers).draw()
                Path(folder, f"grafana-{name}-{theme.name}.png").write_bytes(png_of(figure, content, colors=200))


if __name__ == "__main__":
    main(*sys.argv[1:])
