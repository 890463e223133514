"""Draw the CloudWatch dashboards of a synthesized app with made-up values: pictures for the documentation.

``python tools/dashboard_pictures.py cdk.out/assembly-Prod/ProdProcessing*.template.json docs/pictures NAME...``
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.alarm_timeline import evaluate
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from cdk_penstock.model.alarm_evaluation.metric_samples import Metric, MetricHistory, Sample
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of
from cdk_penstock.model.snapshots.snapshot_check import AGE_METRIC, COUNT_METRIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Series = NDArray[np.float64]

COLUMNS, INCH_PER_COLUMN, INCH_PER_ROW, DPI = 24, 0.58, 0.42, 80
MINUTES = np.arange(180, dtype=float)
UPDATE, FAILURE = 60.0, 132.0
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#332288", "#999999", "#117733", "#661100")
STATE_COLORS = {
    AlarmState.OK: ("#e6f4ea", "#1d8102"),
    AlarmState.ALARM: ("#fde7e4", "#d13212"),
    AlarmState.INSUFFICIENT_DATA: ("#eaeded", "#687078"),
}
"""The face and the edge of an alarm in each state."""
MANY_LINES = 5
STATE_MINUTES = 45
"""The minutes over which alarms are evaluated: an alarm of before has ended."""
FINGERPRINT = "Penstock-Dashboard"
"""The field of a picture's file that tells which dashboard it shows."""
TASKS = ("Source: events", "Window: by model", "Sink: Prometheus")
STREAMS = ("events",)


def noise(scale: float, seed: int = 1) -> Series:
    """Return the same random values each time."""
    return np.random.default_rng(seed).normal(0.0, scale, MINUTES.size)


def while_down(running: Series | float, down: float = 0.0) -> Series:
    """Return values that fall to another one in the minutes after the update and the failure."""
    is_down = ((MINUTES >= UPDATE) & (MINUTES < UPDATE + 3)) | ((MINUTES >= FAILURE) & (MINUTES < FAILURE + 2))
    return np.where(is_down, down, running)


def since_failure() -> Series:
    """Return the milliseconds since the update or the failure."""
    start = np.where(MINUTES >= FAILURE + 2, FAILURE + 2, np.where(MINUTES >= UPDATE + 3, UPDATE + 3, -600.0))
    return while_down((MINUTES - start) * 60_000)


def since_start(values: Series) -> Series:
    """Return a count that began at 0 with the update."""
    started = UPDATE + 3
    return np.where(started > MINUTES, values, np.maximum(values - np.interp(started, MINUTES, values), 0.0))


def stepped(value: float, at: float = FAILURE) -> Series:
    """Return 0, and a value from a minute on."""
    return np.where(at <= MINUTES, value, 0.0)


def lag(peak: float) -> Series:
    """Return a lag that rises with each break and is made up for."""
    burst = sum(np.exp(-np.clip(MINUTES - at, 0, None) / 4) * (at <= MINUTES) for at in (UPDATE + 2, FAILURE + 1))
    return peak * burst + np.abs(noise(peak / 300))


WAVE = 1 + 0.15 * np.sin(MINUTES / 28)
SAMPLES: Mapping[str, Callable[[], Series]] = {
    "uptime": since_failure,
    "runningTime": since_failure,
    "downtime": lambda: np.where((MINUTES >= FAILURE) & (MINUTES < FAILURE + 2), 60_000.0, 0.0),
    "restartingTime": lambda: np.where((MINUTES >= FAILURE) & (MINUTES < FAILURE + 2), 60_000.0, 0.0),
    "cancellingTime": lambda: 0 * MINUTES,
    "failingTime": lambda: 0 * MINUTES,
    "fullRestarts": lambda: stepped(1),
    "numRestarts": lambda: stepped(1),
    "numRecordsInPerSecond": lambda: while_down(20_000 * WAVE + noise(300)),
    "numRecordsOutPerSecond": lambda: while_down(55 * WAVE + noise(2)),
    "records_lag_max": lambda: lag(900_000),
    # Event time, which stands still while the job is down.
    "currentInputWatermark": lambda: np.maximum.accumulate(while_down(MINUTES * 60_000)),
    "currentOutputWatermark": lambda: np.maximum.accumulate(while_down(MINUTES * 60_000)),
    "millisBehindLatest": lambda: np.full(MINUTES.size, np.nan),  # the fleet's stream is Kafka's
    "lastCheckpointDuration": lambda: 1_800 * WAVE + np.abs(noise(250)),
    "lastCheckpointSize": lambda: 42e6 * WAVE + noise(4e5),
    "numberOfFailedCheckpoints": lambda: stepped(1),
    "cpuUtilization": lambda: while_down(46 * WAVE + noise(2), 4),
    "containerCPUUtilization": lambda: while_down(52 * WAVE + noise(2, 2), 6),
    "heapMemoryUtilization": lambda: while_down(55 + (MINUTES * 3) % 22, 12),
    "containerMemoryUtilization": lambda: while_down(71 + noise(0.6), 30),
    "containerDiskUtilization": lambda: 18 + MINUTES / 60,
    "KPUs": lambda: np.full(MINUTES.size, 5.0),
    "oldGenerationGCTime": lambda: since_start(np.floor(MINUTES / 20) * 45),
    "threadsCount": lambda: 118 + np.round(noise(1.5)),
    "numLateRecordsDropped": lambda: 0 * MINUTES,
    "deadLettersLate": lambda: since_start(np.floor(MINUTES / 7)),
    "deadLettersMalformedJson": lambda: stepped(12, 95),
    "busyTimeMsPerSecond": lambda: while_down(430 * WAVE + noise(20)),
    "backPressuredTimeMsPerSecond": lambda: while_down(np.abs(noise(15))),
    "idleTimeMsPerSecond": lambda: while_down(540 - 430 * (WAVE - 1) + noise(20)),
    "numWriteRequestsOut": lambda: since_start(np.floor(MINUTES * 12)),
    "numWriteRequestsRetries": lambda: 0 * MINUTES,
    AGE_METRIC: lambda: (MINUTES * 60 + 7_200) % 21_600,
    COUNT_METRIC: lambda: np.full(MINUTES.size, 12.0),
    "OpenPermissionWindows": lambda: 0 * MINUTES,
    "AwsOwnedSnapshots": lambda: 0 * MINUTES,
    "numSamplesDropped": lambda: 0 * MINUTES,
    "numSamplesNonRetryableDropped": lambda: 0 * MINUTES,
    "numSamplesRetryLimitDropped": lambda: 0 * MINUTES,
    **{
        f"deadLetters{reason}": (lambda: 0 * MINUTES)
        for reason in (
            "MissingField", "WrongType", "OutOfRange", "UnknownEventType", "TimestampInTheFuture", "TimestampTooOld",
            "EmptyRecord",
        )
    },
}  # fmt: skip
"""Values of each metric: an update after an hour, and a failure with one restart later."""


def written_out(value: Any) -> Any:
    """Return a part of a template as text, with references as ``<logical id>``."""
    if isinstance(value, dict):
        ((kind, inner),) = value.items()
        if kind == "Fn::Join":
            return "".join(written_out(part) for part in inner[1])
        return f"<{inner if isinstance(inner, str) else inner[0]}>"
    return value


def dashboards(template: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the widgets of each dashboard of a template, by the dashboard's name."""
    resources = template["Resources"].values()
    found = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Dashboard"]
    return {
        written_out(each["DashboardName"]): json.loads(written_out(each["DashboardBody"]))["widgets"] for each in found
    }


SAMPLES_OF: Mapping[str, Mapping[str, Callable[[], Series]]] = {
    "vehicle-generator-prod": {
        "records_lag_max": lambda: np.full(MINUTES.size, np.nan),
        "numRecordsInPerSecond": lambda: 0 * MINUTES,
        "numRecordsOutPerSecond": lambda: 20_000 * WAVE + noise(300),
        "fullRestarts": lambda: 0 * MINUTES,
        "KPUs": lambda: np.full(MINUTES.size, 2.0),
    }
}
"""Values that differ in an application: the generator reads no stream, and did not fail."""


def history_of(alarms: Iterable[MetricAlarm]) -> MetricHistory:
    """Return the samples of what alarms watch; what has no values here has no data."""
    metrics = {watched.metric for alarm in alarms for watched in alarm.metrics.values()}
    samples: dict[Metric, list[Sample]] = {}
    for metric in metrics:
        if metric.name in SAMPLES:
            values = sample(metric.name, dict(metric.dimensions).get("Application", ""))
            pairs = zip(MINUTES, values, strict=True)
            samples[metric] = [Sample(minute * 60, value) for minute, value in pairs if not np.isnan(value)]
    return MetricHistory(samples)


def expression_of(alarm: MetricAlarm) -> Series:
    """Return the values of an alarm's expression over the values of its metrics."""
    history = history_of([alarm])
    points = [alarm.data_points(history, now_seconds=int(minute + 1) * 60)[-1] for minute in MINUTES]
    return np.array([np.nan if point is None else point for point in points])


def states_of(template: Mapping[str, Any]) -> dict[str, AlarmState]:
    """Return the state of each alarm of a template at the end of the values."""
    alarms = alarms_of(template)
    history = history_of(alarm for alarm in alarms.values() if isinstance(alarm, MetricAlarm))
    end = int(MINUTES[-1] + 1) * 60
    lines = evaluate(alarms, history, begin_seconds=end - STATE_MINUTES * 60, end_seconds=end)
    return {
        name: line.changes[-1].state if line.changes else AlarmState.INSUFFICIENT_DATA for name, line in lines.items()
    }


@dataclass
class Lines:
    """The labelled values of a widget, by their axis."""

    left: dict[str, Series] = field(default_factory=dict)
    right: dict[str, Series] = field(default_factory=dict)


def sample(name: str, application: str = "") -> Series:
    """Return the values of a metric; raise LookupError for a metric without values."""
    if name not in SAMPLES:
        raise LookupError(f"metric {name} has no values: add some to SAMPLES in tools/dashboard_pictures.py")
    return SAMPLES_OF.get(application, {}).get(name, SAMPLES[name])()


def lines_of(widget: Mapping[str, Any]) -> Lines:
    """Return the labelled values of a widget's metrics; raise LookupError for a metric without values."""
    lines = Lines()
    by_id: dict[str, Series] = {}
    expressions: list[dict[str, Any]] = []
    for entry in widget["properties"].get("metrics", []):
        options = entry[-1]
        if "expression" in options:
            expressions.append(options)
            continue
        by_id[options.get("id", "")] = values = sample(entry[1], entry[3])
        if options.get("visible", True):
            axis = lines.right if options.get("yAxis") == "right" else lines.left
            axis[options["label"]] = values
    for options in expressions:
        expression = options["expression"]
        if expression.startswith("SEARCH"):
            (name,) = re.findall(r'MetricName="(\w+)"', expression)
            found = TASKS if ",Task}" in expression else STREAMS
            axis = lines.right if options.get("yAxis") == "right" else lines.left
            # What is not sent is not found.
            if not np.isnan(values := sample(name)).all():
                axis |= {each: values * (1 - 0.25 * index) for index, each in enumerate(found)}
        else:
            total, _, divisor = expression.partition(" / ")
            values = np.sum([by_id[name] for name in re.findall(r"m\d+", total)], axis=0)
            lines.left[options["label"]] = values / float(divisor or 1)
    return lines


def draw(widgets: list[dict[str, Any]], template: Mapping[str, Any]) -> Figure:
    """Return a picture with an axis for each widget, in the widget's place."""
    rows = max(each["y"] + each["height"] for each in widgets)
    figure = Figure(figsize=(COLUMNS * INCH_PER_COLUMN, rows * INCH_PER_ROW), dpi=DPI, facecolor="#f4f5f6")
    FigureCanvasAgg(figure)
    for widget in widgets:
        x, y, width, height = (widget[each] for each in ("x", "y", "width", "height"))
        place = (x / COLUMNS, 1 - (y + height) / rows, width / COLUMNS, height / rows)
        {"text": _text, "alarm": _alarms, "metric": _graph, "log": _log}[widget["type"]](
            figure, place, widget, template
        )
    return figure


def _panel(figure: Figure, place: tuple[float, float, float, float], title: str) -> Axes:
    """Return a white panel with a title."""
    left, bottom, width, height = place
    gap = 0.004
    panel = figure.add_axes((left + gap / 2, bottom + gap / 4, width - gap, height - gap / 2), facecolor="white")
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set_color("#d5dbdb")
    inch = figure.get_size_inches()[1] * height
    panel.text(0.012 * COLUMNS / (width * COLUMNS) / 2, 1 - 0.12 / inch, title, va="top", size=9.5, weight="bold")
    return panel


def _text(figure: Figure, place: Any, widget: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    left, bottom, width, height = place
    axes = figure.add_axes((left, bottom, width, height))
    axes.set_axis_off()
    axes.text(0.004, 0.4, widget["properties"]["markdown"].lstrip("# "), va="center", size=12, weight="bold")


def _alarms(figure: Figure, place: Any, widget: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    panel = _panel(figure, place, widget["properties"]["title"])
    names = [alarm_name(arn, template) for arn in widget["properties"]["alarms"]]
    states = states_of(template)
    lines = -(-len(names) // 6)
    title_share = 1 / (widget["height"])
    cell = (1 - title_share) / lines
    for index, (name, arn) in enumerate(zip(names, widget["properties"]["alarms"], strict=True)):
        face, edge = STATE_COLORS[states[logical_id_of(arn)]]
        x, y = (index % 6) / 6, 1 - title_share - (index // 6 + 1) * cell
        panel.add_patch(
            Rectangle((x + 0.003, y + cell * 0.12), 1 / 6 - 0.006, cell * 0.76, facecolor=face, edgecolor=edge)
        )
        panel.text(x + 0.009, y + cell / 2, name, va="center", size=5.9)
    panel.set(xlim=(0, 1), ylim=(0, 1))


def alarm_name(arn: str, template: Mapping[str, Any]) -> str:
    """Return an alarm's logical id, which CloudFormation puts into its name, without the hash."""
    logical_id = logical_id_of(arn)
    if logical_id not in template["Resources"]:
        raise LookupError(f"the dashboard shows the alarm {arn}, which the template does not have")
    name = re.sub(r"[0-9A-F]{8}$", "", logical_id)
    return name.removesuffix("Alarm").replace("Operations", " ", 1).replace(" Alarms", " ", 1)


def logical_id_of(arn: str) -> str:
    """Return the logical id of an ARN that the template refers to."""
    return arn.strip("<>").split(".")[0]


def _graph(figure: Figure, place: Any, widget: Mapping[str, Any], template: Mapping[str, Any]) -> None:
    properties = widget["properties"]
    panel = _panel(figure, place, properties["title"])
    left, bottom, width, height = place
    lines = lines_of(widget)
    annotations = properties.get("annotations", {})
    horizontal = list(annotations.get("horizontal", []))
    for arn in annotations.get("alarms", []):
        alarm = alarms_of(template)[logical_id_of(arn)]
        if isinstance(alarm, MetricAlarm):
            lines.left["expression of the alarm"] = expression_of(alarm)
            horizontal.append({"value": alarm.threshold, "label": "threshold"})
    room = 0.084 if lines.right else 0.054
    axes = figure.add_axes((left + 0.042, bottom + height * 0.27, width - room, height * 0.55), facecolor="none")
    colors = iter(COLORS)
    _plot(axes, lines.left, colors, [float(each["value"]) for each in horizontal])
    for line in horizontal:
        axes.axhline(
            line["value"],
            color=line.get("color", "#d13212"),
            linewidth=1,
            linestyle="--",
            label="threshold of the alarm",
        )
    for line in annotations.get("vertical", []):
        axes.axvline(UPDATE, color="#5f6b7a", linewidth=1, linestyle=":", label=line.get("label"))
    axes.set_xlim(0, 180)
    axes.set_xticks([0, 60, 120], ["11:00", "12:00", "13:00"])
    axes.grid(axis="y", color="#eaeded", linewidth=0.7)
    y_axes = properties.get("yAxis", {})
    axes.set_title(y_axes.get("left", {}).get("label", ""), loc="left", size=7.5, pad=2, color="#5f6b7a")
    handles, labels = axes.get_legend_handles_labels()
    if lines.right:
        other = axes.twinx()
        _plot(other, lines.right, colors, [])
        axes.set_title(y_axes["right"]["label"], loc="right", size=7.5, pad=2, color="#5f6b7a")
        more = other.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    unique = dict(zip(labels, handles, strict=True))
    panel.legend(
        list(unique.values()),
        list(unique),
        loc="lower left",
        ncols=3 if len(unique) >= MANY_LINES else 2,
        fontsize=6.2 if len(unique) >= MANY_LINES else 6.8,
        frameon=False,
        handlelength=1.2,
        columnspacing=1.0,
        labelspacing=0.25,
        borderpad=0.1,
    )


def _plot(axes: Axes, lines: Mapping[str, Series], colors: Iterator[str], thresholds: list[float]) -> None:
    for label, values in lines.items():
        axes.plot(MINUTES, values, color=next(colors), linewidth=1.3, label=label)
    axes.tick_params(labelsize=7.5, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    present = [each for each in lines.values() if not np.isnan(each).all()]
    if not present:
        axes.set_yticks([])
        return
    top = max([float(np.nanmax(each)) for each in present] + thresholds)
    top = top if top > 0 else 1
    # A little below 0, so that a line at 0 is seen.
    axes.set_ylim(-0.02 * top, top * 1.12)
    whole = all(np.array_equal(each, np.round(each), equal_nan=True) for each in present)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=whole))
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))


def _log(figure: Figure, place: Any, widget: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    panel = _panel(figure, place, widget["properties"]["title"])
    panel.text(0.5, 0.45, "No results: nobody made such a call", ha="center", size=9, color="#5f6b7a")


def png_of(figure: Figure, shows: object, colors: int = 64) -> bytes:
    """Return the picture with few colors, which makes it small, and with the fingerprint of what it shows."""
    drawn, small, about = io.BytesIO(), io.BytesIO(), PngInfo()
    figure.savefig(drawn, format="png")
    about.add_text(FINGERPRINT, fingerprint(shows))
    Image.open(drawn).convert("RGB").quantize(colors).save(small, format="png", optimize=True, pnginfo=about)
    return small.getvalue()


def fingerprint(shows: object) -> str:
    """Return a digest of a dashboard, without the hashes in the names of resources."""
    text = re.sub(r"(?<=[a-z])[0-9A-F]{8}\b", "", json.dumps(shows, sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main(template_path: str, folder: str, *names: str) -> None:
    """Write a picture of each dashboard with one of the names."""
    template = json.loads(Path(template_path).read_text(encoding="utf-8"))
    shown = dashboards(template)
    for name in names:
        Path(folder, f"dashboard-{name}.png").write_bytes(png_of(draw(shown[name], template), shown[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
