"""Faults of a job on real Flink, with the alarms that they raise: the page tells it, and live tests compare with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of a job, and the alarms of ``tools/vehicle_alarms.py`` that it raises: these and no others."""

    title: str
    alarms: tuple[str, ...]
    fires_within_minutes: int
    clears_within_minutes: int
    minute_is: str
    """A minute of CloudWatch in the test."""


LOOPING_JOB: Final = Fault(
    title="A job loops: it fails at once after each restart",
    alarms=("AlarmsRestartLoop", "AlarmsFastRestartLoop", "AlarmsPage"),
    fires_within_minutes=6,
    clears_within_minutes=4,
    minute_is="the time in which the job restarts at least twice",
)
SILENT_PARTITION: Final = Fault(
    title="A source stalls: one partition of several gets no records, and never counts as idle",
    alarms=("AlarmsWatermark", "AlarmsTicket"),
    fires_within_minutes=12,
    clears_within_minutes=2,
    minute_is="at least 1.6 seconds, in which records come in",
)
DEAD_ENDPOINT: Final = Fault(
    title="The Prometheus endpoint is dead: it refuses connections",
    alarms=("AlarmsSamplesWaiting", "AlarmsPage"),
    fires_within_minutes=18,
    clears_within_minutes=10,
    minute_is="at least 1.6 seconds, and until a restart is over; 9 attempts in place of 100, so that the job fails"
    " after about 8 minutes, too",
)
FAULTS: Final = (LOOPING_JOB, SILENT_PARTITION, DEAD_ENDPOINT)
