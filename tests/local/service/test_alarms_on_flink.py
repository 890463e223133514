"""All alarms of an application over the metrics of real jobs: each fault raises those that the page says.

The recording of a loop is renewed by running its live test with PENSTOCK_RECORD_ALARMS=1.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.ports import free_ports
from cdk_penstock.local.prometheus.server import Prometheus
from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from tests.local.service.alarm_recording import AlarmRecording
from tests.local.service.flink_metrics import JOB_METRICS
from tests.local.service.vehicle_app import VehicleApp
from tools.alarm_faults import DEAD_ENDPOINT, LOOPING_JOB, SILENT_PARTITION, Fault
from tools.vehicle_alarms import vehicle_alarms, without_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.local.pipeline import LocalPipeline
    from cdk_penstock.local.service.local_msf import LocalMsf
    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm
    from tests.local.service.counting_app import CountingApp

RECORDING = Path(__file__).with_name("recorded_restart_loop.json")
LOOPING = {"restart": "100 ms", "divisor": "MOD(n + 1, 200)"}
GIVEN_UP_AFTER_ATTEMPTS = 9
AT_MOST_MINUTES = 30


@pytest.fixture(scope="module")
def alarms() -> Mapping[str, Alarm]:
    return vehicle_alarms()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """Return a Prometheus that comes back at the same address."""
    with Prometheus(tmp_path / "prometheus", port=free_ports(1)[0]) as running:
        yield running


@pytest.fixture
def vehicles(
    flink_msf: LocalMsf, pipeline: LocalPipeline, prometheus: Prometheus, request: pytest.FixtureRequest
) -> Iterator[VehicleApp]:
    name = f"vehicles-{abs(hash(request.node.name)) % 10**8}"
    app = VehicleApp(flink_msf, pipeline, name, prometheus.remote_write_url)
    yield app
    app.delete()


def record_until(
    recording: AlarmRecording, alarms: Mapping[str, Alarm], names: tuple[str, ...], state: AlarmState,
    record_minute: Callable[[], None],
) -> None:  # fmt: skip
    """Record minutes until all named alarms are in a state; how long that may take, the caller compares."""
    named = {
        each: alarm for each, alarm in alarms.items() if without_hash(each) in names and isinstance(alarm, MetricAlarm)
    }
    assert named
    for _ in range(AT_MOST_MINUTES):
        record_minute()
        found = recording.timelines(named).values()
        if all(timeline.changes and timeline.changes[-1].state is state for timeline in found):
            return
    pytest.fail(f"{names} are not {state} after {AT_MOST_MINUTES} minutes: {recording.timelines(alarms)}")


def assert_as_stated(recording: AlarmRecording, alarms: Mapping[str, Alarm], fault: Fault) -> None:
    """Check that exactly the alarms of a fault fire, each once, and that they clear, within the stated times."""
    found = recording.timelines(alarms, until_seconds=recording.marks["end"])
    fired = {without_hash(each): timeline for each, timeline in found.items() if timeline.times(AlarmState.ALARM)}
    assert fired.keys() == set(fault.alarms), fired
    begins, ends = recording.marks["begins"], recording.marks["ends"]
    for timeline in fired.values():
        (at,) = timeline.times(AlarmState.ALARM)
        assert begins < at <= begins + 60 * fault.fires_within_minutes, (timeline, recording.marks)
        (cleared,) = [each for each in timeline.times(AlarmState.OK) if each > at]
        assert ends <= cleared <= ends + 60 * fault.clears_within_minutes, (timeline, recording.marks)


@pytest.mark.pipeline
def test_a_looping_job_raises_what_the_page_says(app: CountingApp, alarms: Mapping[str, Alarm], tmp_path: Path) -> None:
    app.count = app.bench.count = 40_000
    app.create(rate=50)
    app.start()
    app.wait_rows(1)
    recording = AlarmRecording(lambda: app.msf.flink_url(app.name))
    recording.record(3)
    app.update(EnvironmentPropertyUpdates=app.properties(rate=2_000, **LOOPING))
    recording.pass_without_metrics(2)
    recording.mark("begins")
    record_until(
        recording, alarms, LOOPING_JOB.alarms, AlarmState.ALARM,
        lambda: recording.record(1, grows="fullRestarts", by=2),
    )  # fmt: skip
    app.client.stop_application(ApplicationName=app.name, Force=True)
    recording.mark("ends")
    app.settled()
    app.update(EnvironmentPropertyUpdates=app.properties(rate=50))
    app.start()
    recording.pass_without_metrics(2)
    record_until(recording, alarms, LOOPING_JOB.alarms, AlarmState.OK, lambda: recording.record(1))
    recording.mark("end")
    if os.environ.get("PENSTOCK_RECORD_ALARMS"):
        recording.write(RECORDING, JOB_METRICS)
    assert_as_stated(recording, alarms, LOOPING_JOB)


@pytest.mark.pipeline
def test_a_silent_partition_raises_what_the_page_says(
    vehicles: VehicleApp, alarms: Mapping[str, Alarm], job_package: Path
) -> None:
    vehicles.start(job_package)
    recording = AlarmRecording(vehicles.flink_url)

    def minute() -> None:
        recording.record(1, grows="numRecordsIn", by=1, before_look=vehicles.send_events)

    record_until(recording, alarms, ("AlarmsWatermark",), AlarmState.OK, minute)
    minute()
    vehicles.live.discard(0)
    recording.mark("begins")
    record_until(recording, alarms, SILENT_PARTITION.alarms, AlarmState.ALARM, minute)
    vehicles.live.add(0)
    recording.mark("ends")
    record_until(recording, alarms, SILENT_PARTITION.alarms, AlarmState.OK, minute)
    recording.mark("end")
    assert_as_stated(recording, alarms, SILENT_PARTITION)


@pytest.mark.pipeline
def test_a_dead_prometheus_endpoint_raises_what_the_page_says(
    vehicles: VehicleApp, prometheus: Prometheus, alarms: Mapping[str, Alarm], job_package: Path
) -> None:
    vehicles.start(job_package, attempts=GIVEN_UP_AFTER_ATTEMPTS)
    recording = AlarmRecording(vehicles.flink_url)

    def minute() -> None:
        recording.record(1, ends_with="numWriteRequestsRetries", before_look=vehicles.send_events)

    while recording.latest("numWriteRequestsOut") == 0:
        minute()
    minute()
    minute()
    prometheus.stop()
    recording.mark("begins")
    record_until(recording, alarms, DEAD_ENDPOINT.alarms, AlarmState.ALARM, minute)
    prometheus.start()
    prometheus.wait_ready()
    recording.mark("ends")
    record_until(recording, alarms, DEAD_ENDPOINT.alarms, AlarmState.OK, minute)
    recording.mark("end")
    assert recording.latest("fullRestarts") > 0, "the job fails after its last attempt"
    assert_as_stated(recording, alarms, DEAD_ENDPOINT)


def test_the_recording_of_a_loop_fires_the_alarms_as_the_job_did(alarms: Mapping[str, Alarm]) -> None:
    assert RECORDING.stat().st_size < 100_000
    assert_as_stated(AlarmRecording.read(RECORDING), alarms, LOOPING_JOB)


def test_in_a_fast_loop_flink_has_no_downtime_and_its_checkpoints_fail_as_the_history_of_the_page_says() -> None:
    recording = AlarmRecording.read(RECORDING)
    begin, end = recording.marks["begins"], recording.marks["ends"]
    highest = {
        name: max(value for at, value in samples if begin < at < end) for name, samples in recording.samples.items()
    }
    assert highest["downtime"] == 0
    assert highest["restartingTime"] > 0
    # At least one of each in each minute.
    assert min(highest["fullRestarts"], highest["numberOfFailedCheckpoints"]) > LOOPING_JOB.fires_within_minutes
    assert highest["numRestarts"] == highest["fullRestarts"]
