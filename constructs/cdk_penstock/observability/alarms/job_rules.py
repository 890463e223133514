"""The alarm rules that need nothing but the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.observability.alarms.alarm_rule import AlarmRule, Severity
from cdk_penstock.observability.alarms.metric_growth import growth, standstill

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.observability.alarms.alarm_thresholds import PageThresholds, TicketThresholds

_MINUTE: Final = Duration.minutes(1)
_TEN_MINUTES: Final = Duration.minutes(10)
_FIVE_MINUTES: Final = Duration.minutes(5)
_FAST_LOOP_MINUTES: Final = 2
_SLOW_LOOP_PERIODS: Final = 3
"""One more than the restarts that never page."""
_CHECKPOINT_MINUTES: Final = 5
_CHECKPOINT_TIMEOUT_MS: Final = 3_600_000
"""MSF's time-out of a checkpoint (managed-flink, "Apache Flink settings"), which an application cannot change."""
_AT_LEAST: Final = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


def page_rules(application: FlinkApplication, page: PageThresholds, *, has_to_run: bool) -> dict[str, AlarmRule]:
    """Return the rules that page, by construct id; those on an application that stands still only if it has to run."""
    restarts = growth(application.metric_restarts(period=_MINUTE), _MINUTE, label="restarts in a minute")
    rules = {
        "RestartLoop": AlarmRule(
            kind="restart-loop",
            severity=Severity.PAGE,
            text=f"the job restarted in each of {page.looping_minutes} minutes",
            metric=restarts,
            threshold=0,
            periods=page.looping_minutes,
        ),
        "FastRestartLoop": AlarmRule(
            kind="restart-loop",
            severity=Severity.PAGE,
            text=f"the job restarted {page.restarts_a_minute} times or more in each of {_FAST_LOOP_MINUTES} minutes",
            metric=restarts,
            threshold=page.restarts_a_minute,
            periods=_FAST_LOOP_MINUTES,
            comparison=_AT_LEAST,
        ),
        "SlowRestartLoop": AlarmRule(
            kind="restart-loop",
            severity=Severity.PAGE,
            text=f"the job restarted in each of {_SLOW_LOOP_PERIODS} periods of five minutes",
            metric=growth(
                application.metric_restarts(period=_FIVE_MINUTES), _FIVE_MINUTES, label="restarts in five minutes"
            ),
            threshold=0,
            periods=_SLOW_LOOP_PERIODS,
        ),
        "Downtime": AlarmRule(
            kind="downtime",
            severity=Severity.PAGE,
            text=f"the job has not processed for {page.down_minutes} minutes",
            metric=application.metric_downtime(period=_MINUTE),
            threshold=0,
            periods=page.down_minutes,
        ),
        "CheckpointNearTimeout": AlarmRule(
            kind="checkpoint-duration",
            severity=Severity.PAGE,
            text=f"checkpoints take {page.checkpoint_timeout_percent} % of their time-out",
            metric=application.metric_last_checkpoint_duration(period=_MINUTE),
            threshold=_CHECKPOINT_TIMEOUT_MS * page.checkpoint_timeout_percent / 100,
            periods=_CHECKPOINT_MINUTES,
        ),
    }
    if has_to_run:
        rules["NotRunning"] = AlarmRule(
            kind="not-running",
            severity=Severity.PAGE,
            text=f"the application has not run for {page.not_running_minutes} minutes",
            # Flink reports -1 for a job that has ended.
            metric=application.metric_uptime(period=_MINUTE),
            threshold=0,
            comparison=_BELOW,
            periods=page.not_running_minutes,
            is_missing_breaching=True,
        )
    return rules


def ticket_rules(
    application: FlinkApplication, ticket: TicketThresholds, *, uses_event_time: bool
) -> dict[str, AlarmRule]:
    """Return the rules that make a ticket, by construct id; those on event time only if the job uses it."""
    interval_ms = application.checkpoint_interval.to_milliseconds()
    usage = {
        "Cpu": ("cpu", "CPU", application.metric_container_cpu_utilization, ticket.cpu_percent),
        "Heap": ("heap", "the JVM heap", application.metric_heap_memory_utilization, ticket.heap_percent),
        "ContainerMemory": (
            "container-memory",
            "the containers' memory",
            application.metric_container_memory_utilization,
            ticket.container_memory_percent,
        ),
    }
    rules = {
        "CheckpointFailures": AlarmRule(
            kind="checkpoint-failures",
            severity=Severity.TICKET,
            text=f"checkpoints failed in each of {ticket.failed_checkpoint_periods} periods of ten minutes",
            metric=growth(
                application.metric_failed_checkpoints(statistic="Maximum", period=_TEN_MINUTES),
                _TEN_MINUTES,
                label="failed checkpoints in ten minutes",
            ),
            threshold=0,
            periods=ticket.failed_checkpoint_periods,
        ),
        "CheckpointDuration": AlarmRule(
            kind="checkpoint-duration",
            severity=Severity.TICKET,
            text=f"checkpoints take {ticket.checkpoint_interval_percent} % of their interval",
            metric=application.metric_last_checkpoint_duration(period=_MINUTE),
            threshold=interval_ms * ticket.checkpoint_interval_percent / 100,
            periods=ticket.busy_minutes,
        ),
    }
    if uses_event_time:
        rules |= {
            "Watermark": AlarmRule(
                kind="watermark",
                severity=Severity.TICKET,
                text=f"records come in, and the watermark stood still for {ticket.standstill_minutes} minutes",
                metric=standstill(
                    application.metric("currentOutputWatermark", statistic="Maximum", period=_MINUTE),
                    application.metric("currentInputWatermark", statistic="Maximum", period=_MINUTE),
                    application.metric_records_in_per_second(period=_MINUTE),
                    _MINUTE,
                ),
                threshold=0,
                periods=ticket.standstill_minutes,
            ),
            "LateRecords": AlarmRule(
                kind="late-records",
                severity=Severity.TICKET,
                text="windows dropped records that came too late",
                metric=growth(
                    application.metric_late_records_dropped(period=_TEN_MINUTES),
                    _TEN_MINUTES,
                    label="late records in ten minutes",
                ),
                threshold=0,
                periods=1,
            ),
        }
    for construct_id, (kind, what, metric, percent) in usage.items():
        rules[construct_id] = AlarmRule(
            kind=kind,
            severity=Severity.TICKET,
            text=f"{what} was above {percent} % for {ticket.busy_minutes} minutes",
            metric=metric(period=_MINUTE),
            threshold=percent,
            periods=ticket.busy_minutes,
        )
    return rules
