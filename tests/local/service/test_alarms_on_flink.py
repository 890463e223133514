"""The alarms on restarts and downtime, over the metrics of a real job that loops: live, and from a recording of that.

The recording is renewed by running the live test with PENSTOCK_RECORD_ALARMS=1.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.alarm_timeline import evaluate
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of
from tests.local.service.alarm_recording import AlarmRecording
from tools.alarm_behaviour import example

if TYPE_CHECKING:
    from cdk_penstock.model.alarm_evaluation.alarm_timeline import AlarmTimeline
    from tests.local.service.counting_app import CountingApp

RECORDING = Path(__file__).with_name("recorded_restart_loop.json")
LOOPING = {"restart": "500 ms", "divisor": "MOD(n + 1, 200)"}
LOOP_MINUTES = 9


def timeline(recording: AlarmRecording) -> AlarmTimeline:
    """Return the timeline of the alarm of the examples: five minutes with a restart in each."""
    ((name, alarm),) = alarms_of(example()).items()
    assert isinstance(alarm, MetricAlarm)
    history = recording.history(each.metric for each in alarm.metrics.values())
    end = int(recording.marks["end"])
    return evaluate({name: alarm}, history, begin_seconds=60, end_seconds=end)[name]


def assert_fires_in_the_loop_only(recording: AlarmRecording) -> None:
    """Check that the page of the alarms' behaviour tells the truth: fires after 5 minutes, clears within 2."""
    found = timeline(recording)
    (fired,) = found.times(AlarmState.ALARM)
    marks = recording.marks
    assert marks["loops"] + 240 <= fired <= marks["loops"] + 420, (fired, marks)
    # Without metrics, the last ones are evaluated again until they leave the evaluation range.
    (cleared,) = [each for each in found.times(AlarmState.OK) if each > fired]
    assert marks["stopped"] <= cleared <= marks["stopped"] + 180, (cleared, marks)


@pytest.mark.pipeline
def test_a_job_that_loops_fires_the_alarm_on_restarts_which_clears_once_it_is_stopped(
    app: CountingApp, tmp_path: Path
) -> None:
    app.count = app.bench.count = 40_000
    app.create(rate=50)
    app.start()
    app.wait_rows(1)
    recording = AlarmRecording()
    recording.record(app, minutes=3)
    app.update(EnvironmentPropertyUpdates=app.properties(rate=2_000, **LOOPING))
    recording.mark("loops")
    recording.record(app, minutes=LOOP_MINUTES)
    app.client.stop_application(ApplicationName=app.name, Force=True)
    recording.mark("stopped")
    app.settled()
    app.update(EnvironmentPropertyUpdates=app.properties(rate=50))
    app.start()
    recording.record(app, minutes=3)
    recording.mark("end")
    if os.environ.get("PENSTOCK_RECORD_ALARMS"):
        recording.write(RECORDING)
    assert_fires_in_the_loop_only(recording)


def test_the_recording_of_a_loop_fires_the_alarm_as_the_job_did() -> None:
    assert RECORDING.stat().st_size < 100_000
    assert_fires_in_the_loop_only(AlarmRecording.read(RECORDING))


def test_in_a_fast_loop_flink_has_no_downtime_and_its_checkpoints_fail_as_the_history_of_the_page_says() -> None:
    recording = AlarmRecording.read(RECORDING)
    begin, end = recording.marks["loops"], recording.marks["stopped"]
    highest = {
        name: max(value for at, value in samples if begin < at < end) for name, samples in recording.samples.items()
    }
    assert highest["downtime"] == 0
    assert highest["restartingTime"] > 0
    # At least one of each in each minute.
    assert min(highest["fullRestarts"], highest["numberOfFailedCheckpoints"]) > LOOP_MINUTES
    assert highest["numRestarts"] == highest["fullRestarts"]
