"""All alarms of one application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.foundation.runbooks import set_runbook_base_url
from cdk_penstock.model.metrics import MetricsLevel
from cdk_penstock.observability.alarms.alarm_notification import AlarmNotification
from cdk_penstock.observability.alarms.alarm_rule import AlarmRule, Severity
from cdk_penstock.observability.alarms.alarm_thresholds import PageThresholds, TicketThresholds
from cdk_penstock.observability.alarms.any_alarm import AnyAlarm
from cdk_penstock.observability.alarms.job_rules import page_rules, ticket_rules
from cdk_penstock.observability.alarms.metric_growth import (
    above_and_growing,
    growth_of_all,
    percentage,
    repeated_in_vain,
)
from cdk_penstock.observability.errors import AlarmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.observability.alarms.alarm_notification import IAlarmNotification

_MINUTE: Final = Duration.minutes(1)
_FIVE_MINUTES: Final = Duration.minutes(5)
_LAG_PERIODS: Final = 2
_THROTTLED_PERIODS: Final = 2
_SUMMARIES: Final = {
    Severity.PAGE: "page, data is late or lost now",
    Severity.TICKET: "ticket, look at it on the next working day",
}
_MAX_METRICS: Final = 10
"""Metrics in the expression of an alarm (CloudWatch, "Creating an alarm based on a metric math expression")."""
_IN_VAIN_PERIODS: Final = 3
"""One more than a restart of an idle job, which sets both counters to 0, can look like attempts in vain."""
_KIND: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class ApplicationAlarms(Construct):
    """The alarms of an application, of which two composite alarms tell: one pages, one makes a ticket.

    All alarms of an incident together notify once, because only the composite alarms have an action. The periods of
    each alarm are longer than one restart, so that MSF's maintenance raises none; a loop pages at any time, during a
    deployment too.

    Parameters
    ----------
    application
        The application.
    runbook_base_url
        URL of the folder of runbooks: an alarm's description ends with ``<runbook_base_url>/<kind>.md``. Default: that
        of the context ``penstock:runbookBaseUrl``; without it, the path in penstock's repository.
    page_notification
        The way to tell of alarms that cannot wait. Default: a new encrypted topic.
    ticket_notification
        The way to tell of the others. Default: ``page_notification``, or the new topic.
    page
        Thresholds of alarms that cannot wait. Default: PageThresholds().
    ticket
        Thresholds of the others. Default: TicketThresholds().
    has_to_run
        False for an application that is stopped on purpose at times: nobody is paged while it does not run.
    uses_event_time
        False for a job without watermarks: it has no alarms on them, nor on late records.
    quiet_while
        An alarm, raised by your deployment, while which nobody is paged or gets a ticket. What still is wrong five
        minutes after it is cleared notifies then. Default: nobody is kept from hearing.

    Raises PenstockError for a base that is no URL.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        runbook_base_url: str | None = None,
        page_notification: IAlarmNotification | None = None,
        ticket_notification: IAlarmNotification | None = None,
        page: PageThresholds | None = None,
        ticket: TicketThresholds | None = None,
        has_to_run: bool = True,
        uses_event_time: bool = True,
        quiet_while: cloudwatch.IAlarm | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if runbook_base_url is not None:
            set_runbook_base_url(self, runbook_base_url)
        self._application = application
        self._page = page or PageThresholds()
        self._ticket = ticket or TicketThresholds()
        self._alarms: dict[Severity, list[cloudwatch.Alarm]] = {severity: [] for severity in Severity}
        for name, rule in page_rules(application, self._page, has_to_run=has_to_run).items():
            self._add(name, rule)
        for name, rule in ticket_rules(application, self._ticket, uses_event_time=uses_event_time).items():
            self._add(name, rule)
        page_actions = (page_notification or AlarmNotification.new_topic()).bind(self)
        self.page_alarm = self._build_composite(Severity.PAGE, page_actions, quiet_while)
        ticket_actions = (
            page_actions
            if ticket_notification is None
            else ticket_notification.bind(Construct(self, "TicketNotification"))
        )
        self.ticket_alarm = self._build_composite(Severity.TICKET, ticket_actions, quiet_while)

    @property
    def alarms(self) -> list[cloudwatch.Alarm]:
        """The single alarms, without the composite ones."""
        return [alarm for alarms in self._alarms.values() for alarm in alarms]

    def add_page_alarms(self, *alarms: cloudwatch.Alarm) -> None:
        """Let the composite alarm that pages tell of other alarms, too, such as those of a KeyGuard.

        Leave out their own actions, or the same incident notifies twice. They must be in this account and Region.
        """
        self._alarms[Severity.PAGE] += alarms

    def add_ticket_alarms(self, *alarms: cloudwatch.Alarm) -> None:
        """Let the composite alarm that makes tickets tell of other alarms, too, such as that of ``add_kpu_alarm``.

        As ``add_page_alarms``.
        """
        self._alarms[Severity.TICKET] += alarms

    def add_kinesis_lag_alarm(self, *, stream_name: str) -> cloudwatch.Alarm:
        """Page while the job is more than three minutes behind a Kinesis stream and falls behind further."""
        metric = self._application.metric_kinesis_lag(stream_name=stream_name, period=_FIVE_MINUTES)
        text = f"the job is more than {self._page.behind_seconds} seconds behind its stream, and falls behind further"
        return self._add_lag("KinesisLag", metric, self._page.behind_seconds * 1000, text)

    def add_kafka_lag_alarm(self) -> cloudwatch.Alarm:
        """Page while the job is many records behind in a Kafka partition and falls behind further."""
        metric = self._application.metric_kafka_lag(period=_FIVE_MINUTES)
        text = (
            f"the job is more than {self._page.behind_records} records behind in a partition, and falls behind further"
        )
        return self._add_lag("KafkaLag", metric, self._page.behind_records, text)

    def add_counter_alarm(
        self, construct_id: str, *, kind: str, counters: Sequence[str], text: str
    ) -> cloudwatch.Alarm:
        """Make a ticket when counters of the job grow, such as its dead letters.

        Parameters
        ----------
        kind
            The kind of the alarm in kebab case, such as ``dead-letters``: the name of its runbook.
        counters
            The counters, one to ten, as the job registers them below the metric group ``kinesisAnalytics``.
        text
            What has happened.

        Raises AlarmError for another number of counters, and for another kind.
        """
        if not 1 <= len(counters) <= _MAX_METRICS:
            raise AlarmError(
                f"alarm {construct_id} needs 1 to {_MAX_METRICS} counters that the job registers, got {len(counters)}:"
                " CloudWatch takes no more metrics in one alarm"
            )
        metrics = [self._application.metric(name, statistic="Maximum", period=_FIVE_MINUTES) for name in counters]
        rule = AlarmRule(
            kind=_checked_kind(kind),
            severity=Severity.TICKET,
            text=text,
            metric=growth_of_all(metrics, _FIVE_MINUTES, label=f"{kind} in five minutes"),
            threshold=0,
            periods=1,
        )
        return self._add(construct_id, rule)

    def add_stuck_sink_alarm(
        self, construct_id: str, *, kind: str, written: str, repeated: str, text: str
    ) -> cloudwatch.Alarm:
        """Page while a sink repeats its requests and none succeeds, as when their endpoint does not answer.

        Such a sink waits for a long time before the job fails: until then it drops nothing, and no checkpoint fails.

        Parameters
        ----------
        kind
            The kind of the alarm in kebab case: the name of its runbook.
        written, repeated
            The counters of requests that succeeded, and of those that were sent again, as the job registers them below
            the metric group ``kinesisAnalytics``. Those of a Prometheus sink are ``numWriteRequestsOut`` and
            ``numWriteRequestsRetries``.
        text
            What has happened.

        Raises AlarmError for another kind.
        """
        rule = AlarmRule(
            kind=_checked_kind(kind),
            severity=Severity.PAGE,
            text=text,
            metric=repeated_in_vain(
                self._application.metric(written, statistic="Maximum", period=_FIVE_MINUTES),
                self._application.metric(repeated, statistic="Average", period=_FIVE_MINUTES),
                _FIVE_MINUTES,
            ),
            threshold=0,
            periods=_IN_VAIN_PERIODS,
        )
        return self._add(construct_id, rule)

    def add_back_pressure_alarm(self, task: str) -> cloudwatch.Alarm:
        """Make a ticket while a task, named as in CloudWatch's dimension Task, waits for the next one too long.

        Raises AlarmError for an application with the metrics level APPLICATION, which does not send the metric.
        """
        level = self._application.metrics_level
        if level is MetricsLevel.APPLICATION:
            raise AlarmError(
                f"an alarm on back pressure needs the metrics level TASK, got {level}: set metrics_level of"
                f" {self._application.node.path}, or leave the alarm out"
            )
        rule = AlarmRule(
            kind="back-pressure",
            severity=Severity.TICKET,
            text=f"task {task} was back pressured for {self._ticket.busy_minutes} minutes",
            metric=self._application.metric(
                "backPressuredTimeMsPerSecond", statistic="Maximum", period=_MINUTE, dimensions_map={"Task": task}
            ),
            threshold=self._ticket.back_pressured_ms_per_second,
            periods=self._ticket.busy_minutes,
        )
        return self._add(f"BackPressure-{task}", rule)

    def add_throttled_producers_alarm(
        self, *, throttled: cloudwatch.IMetric, incoming: cloudwatch.IMetric
    ) -> cloudwatch.Alarm:
        """Make a ticket while a stream throttles its producers.

        Parameters
        ----------
        throttled
            ``stream.metric_write_throttled(period=Duration.minutes(5))``.
        incoming
            ``stream.metric_incoming_records(period=Duration.minutes(5))``.
        """
        rule = AlarmRule(
            kind="throttled-producers",
            severity=Severity.TICKET,
            text=f"the stream throttled more than {self._ticket.throttled_percent:g} % of its records",
            metric=percentage(throttled, incoming, _FIVE_MINUTES),
            threshold=self._ticket.throttled_percent,
            periods=_THROTTLED_PERIODS,
        )
        return self._add("ThrottledProducers", rule)

    def _add_lag(self, name: str, metric: cloudwatch.IMetric, least: float, text: str) -> cloudwatch.Alarm:
        rule = AlarmRule(
            kind="lag",
            severity=Severity.PAGE,
            text=text,
            metric=above_and_growing(metric, least, _FIVE_MINUTES, label="behind and falling behind"),
            threshold=0,
            periods=_LAG_PERIODS,
        )
        return self._add(name, rule)

    def _add(self, construct_id: str, rule: AlarmRule) -> cloudwatch.Alarm:
        alarm = rule.build(self, construct_id, application_name=self._application.application_name)
        self._alarms[rule.severity].append(alarm)
        return alarm

    def _build_composite(
        self, severity: Severity, actions: Sequence[cloudwatch.IAlarmAction], quiet_while: cloudwatch.IAlarm | None
    ) -> cloudwatch.CompositeAlarm:
        name = self._application.application_name
        alarm = cloudwatch.CompositeAlarm(
            self,
            severity.value,
            alarm_rule=AnyAlarm(self._alarms[severity]),
            alarm_description=f"{name}: {_SUMMARIES[severity]}. The alarms in ALARM name their runbooks",
            actions_suppressor=quiet_while,
            actions_suppressor_wait_period=None if quiet_while is None else _MINUTE,
            actions_suppressor_extension_period=None if quiet_while is None else _FIVE_MINUTES,
        )
        alarm.add_alarm_action(*actions)
        return alarm


def _checked_kind(kind: str) -> str:
    if not _KIND.fullmatch(kind):
        raise AlarmError(f"kind must be in kebab case, such as 'dead-letters', got {kind!r}")
    return kind
