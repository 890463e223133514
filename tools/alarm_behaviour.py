"""Writes docs/alarm-behaviour.md: when each alarm of prod, and of the examples, fires and clears in each history.

Run it after a change of an alarm or of a history:

    npx cdk synth -q 'Prod/*' && .venv/bin/python tools/alarm_behaviour.py
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aws_cdk import App, Stack  # noqa: E402 - run as a file, it needs the path
from aws_cdk import aws_s3 as s3  # noqa: E402
from aws_cdk.assertions import Template  # noqa: E402

from cdk_penstock.application import ApplicationCode  # noqa: E402
from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState  # noqa: E402
from cdk_penstock.model.alarm_evaluation.alarm_timeline import evaluate  # noqa: E402
from cdk_penstock.model.alarm_evaluation.composite_alarm import CompositeAlarm  # noqa: E402
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm  # noqa: E402
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of  # noqa: E402
from examples.composition import ClickPipeline  # noqa: E402
from tools.alarm_faults import FAULTS  # noqa: E402
from tools.alarm_histories import BEGINS_AT, HISTORIES, HOUR_SECONDS, STEPS  # noqa: E402
from tools.vehicle_alarms import vehicle_alarms_template, without_hash  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm, AlarmTimeline
    from tools.alarm_histories import History

PAGE: Final = ROOT / "docs" / "alarm-behaviour.md"
OF_THE_GENERATOR: Final = "VehicleGenerator"
"""The alarms of the fleet generator are those of the job again."""
_ROWS_OF_AN_ALARM: Final = 3
_RUNBOOK: Final = re.compile(r"(?:https?://|docs/)[^\s,;]*[^\s,;.:]")
_SIGNS: Final = {
    "GreaterThanOrEqualToThreshold": ">=",
    "GreaterThanThreshold": ">",
    "LessThanOrEqualToThreshold": "<=",
    "LessThanThreshold": "<",
}
_HEAD: Final = """\
# When each alarm fires, and when it clears

`tools/alarm_behaviour.py` writes this page from the templates of the bundled prod environment, of
[`examples/composition.py`](../examples/composition.py), and of [`ApplicationAlarms`](alarms.md) with everything on (the
alarms that begin with `Alarms`). A test writes it again. It evaluates each alarm as CloudWatch does, each minute, over
histories of what happens to an application. The alarms of the fleet generator have the settings of those of the job,
except for the limit of KPUs: they are left out. Only the alarms ending with `Page` and `Ticket` notify, once for all
alarms of an incident.

Times are from the beginning of what happens: of the restart, of the deployment, of the first value that is not healthy.
CloudWatch gets a metric of MSF a minute or two after it is measured: add them. An alarm that does not appear below a
history does not fire in it.

An evaluation reads two data points more than it needs. AWS documents that there are more, not how many; its examples
have two. So an alarm on a metric that stops can clear a few periods earlier or later than shown.

## The alarms

| alarm | watches | fires after | missing data | tells somebody | runbook |
|---|---|---|---|---|---|
"""
_ON_REAL_FLINK: Final = """\
## On real Flink

Live tests let these faults happen to a job on the local MSF, and evaluate all alarms of `ApplicationAlarms` over the
metrics that Flink then has. Exactly the named alarms fire, within the time from the beginning of the fault, and they
clear within the time from its end. Only time is scaled, or a test would take an hour: a minute of CloudWatch is
shorter, with four samples, as MSF sends them.

The values are Flink's, but for `numRecordsInPerSecond`: Flink's rate looks back over a real minute, so the test takes
it from the counter. Missing are metrics that Flink does not measure: CPU and memory of the containers, and those of
other services. The back pressure of a task is not read.

| fault | alarms | fire within | clear within | a minute in the test |
|---|---|---|---|---|
"""


def page(templates: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page for templates by the names of their stacks."""
    properties = {
        logical_id: template["Resources"][logical_id]["Properties"]
        for template in templates.values()
        for logical_id in alarms_of(template)
    }
    found = {logical_id: alarm for template in templates.values() for logical_id, alarm in alarms_of(template).items()}
    alarms = _with_children(
        {name: each for name, each in found.items() if not name.startswith(OF_THE_GENERATOR)}, found
    )
    rows = [
        _row(logical_id, alarm, properties[logical_id], _told_by(logical_id, alarms))
        for logical_id, alarm in alarms.items()
        if not logical_id.startswith(OF_THE_GENERATOR)
    ]
    sections = [section for history in HISTORIES for section in _section(history, alarms)]
    return _HEAD + "\n".join(rows) + "\n\n" + _on_real_flink() + "\n" + "\n".join(sections)


def _with_children(alarms: Mapping[str, Alarm], found: Mapping[str, Alarm]) -> Mapping[str, Alarm]:
    """Return alarms by their names in order, with those that composite alarms among them depend on."""
    children = {child for each in alarms.values() if isinstance(each, CompositeAlarm) for child in each.children()}
    return dict(sorted({**{name: found[name] for name in children if name in found}, **alarms}.items()))


def _on_real_flink() -> str:
    rows = (
        f"| {fault.title} | {', '.join(f'`{each}`' for each in fault.alarms)} | {fault.fires_within_minutes} min"
        f" | {fault.clears_within_minutes} min | {fault.minute_is} |\n"
        for fault in FAULTS
    )
    return _ON_REAL_FLINK + "".join(rows)


def timelines(history: History, alarms: Mapping[str, Alarm]) -> Mapping[str, AlarmTimeline]:
    """Return the timeline of each alarm in a history."""
    metrics = {
        watched.metric
        for alarm in alarms.values()
        if isinstance(alarm, MetricAlarm)
        for watched in alarm.metrics.values()
    }
    return evaluate(
        alarms,
        history.samples(metrics),
        begin_seconds=history.step_seconds,
        end_seconds=STEPS * history.step_seconds,
        step_seconds=history.step_seconds,
    )


def _told_by(name: str, alarms: Mapping[str, Alarm]) -> str:
    """Return the way in which an alarm tells somebody: itself, or the composite alarm that does."""
    if alarms[name].has_actions:
        return "yes"
    parents = [
        _shown(parent)
        for parent, alarm in alarms.items()
        if isinstance(alarm, CompositeAlarm) and alarm.has_actions and name in alarm.children()
    ]
    return ", ".join(f"by {each}" for each in parents) or "no"


def _shown(logical_id: str) -> str:
    return f"`{without_hash(logical_id)}`"


def _row(logical_id: str, alarm: Alarm, properties: Mapping[str, Any], told_by: str) -> str:
    runbook = _RUNBOOK.search(str(properties.get("AlarmDescription", "")))
    if not isinstance(alarm, MetricAlarm):
        watches = f"{len(alarm.children())} alarms, those that tell somebody by it"
        return f"| {_shown(logical_id)} | {watches} | at once | | {told_by} | those of the alarms |"
    tells = f"{told_by} | {f'`{runbook[0]}`' if runbook else 'none'}"
    expression = next((each["Expression"] for each in properties.get("Metrics", ()) if "Expression" in each), None)
    names = ", ".join(sorted({f"{each.statistic} of `{each.metric.name}`" for each in alarm.metrics.values()}))
    watches = f"{names}{f', `{expression}`' if expression else ''} {_SIGNS[alarm.comparison]} {alarm.threshold:.10g}"
    periods = f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods}"
    fires = f"{periods} x {_length(alarm.period_seconds)}"
    return f"| {_shown(logical_id)} | {watches} | {fires} | {alarm.treatment} | {tells} |"


def _section(history: History, alarms: Mapping[str, Alarm]) -> Iterator[str]:
    yield f"## {history.title}\n"
    rows = [
        f"| {_shown(logical_id)} | {fires} | {clears} |"
        for logical_id, timeline in timelines(history, alarms).items()
        if not logical_id.startswith(OF_THE_GENERATOR)
        for fires, clears in _together(list(_spans(timeline, history)))
    ]
    yield from ("| alarm | fires after | clears after |", "|---|---|---|", *rows) if rows else ("No alarm fires.",)
    yield ""


def _spans(timeline: AlarmTimeline, history: History) -> Iterator[tuple[str, str]]:
    """Yield when an alarm fires and clears, for each time that it does."""
    begin = BEGINS_AT * history.step_seconds
    for change, after in zip(timeline.changes, [*timeline.changes[1:], None], strict=True):
        if change.state is AlarmState.ALARM:
            clears = _length(after.at_seconds - begin) if after else "not until the history ends"
            yield _length(change.at_seconds - begin), clears


def _together(spans: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Return one row in place of many of an alarm that comes and goes."""
    if len(spans) <= _ROWS_OF_AN_ALARM:
        return spans
    return [(f"{spans[0][0]}, {len(spans)} times", f"{spans[-1][1]} for the last time")]


def _length(seconds: int) -> str:
    count, unit = (seconds // HOUR_SECONDS, "h") if seconds % HOUR_SECONDS == 0 else (seconds // 60, "min")
    return f"{count} {unit}"


def templates_of(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the templates of a stage's folder in a cloud assembly."""
    return {
        path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.template.json"))
    }


def example() -> Mapping[str, Any]:
    """Return the template of the example with an alarm on restart loops; its code is in a bucket, and not looked at."""
    stack = Stack(App(), "Clicks")
    bucket = s3.Bucket.from_bucket_name(stack, "Code", "code-of-the-example")
    ClickPipeline(stack, "Example", code=ApplicationCode.from_bucket(bucket, "job.zip"))
    return Template.from_stack(stack).to_json()


def examples() -> Mapping[str, Mapping[str, Any]]:
    """Return the templates beside those of prod."""
    return {"Clicks": example(), "Vehicles": vehicle_alarms_template()}


if __name__ == "__main__":
    of_prod = templates_of(ROOT / "cdk.out" / "assembly-Prod")
    PAGE.write_text(page({**of_prod, **examples()}), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
