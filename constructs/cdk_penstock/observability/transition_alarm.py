"""Metric filter and alarm on subtasks and jobs that leave RUNNING without an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_penstock.foundation.runbooks import runbook
from cdk_penstock.model.log_queries import UNEXPECTED_TRANSITIONS
from cdk_penstock.model.metrics.penstock_metrics import METRICS_OF_LOGS, UNEXPECTED_TRANSITIONS_METRIC

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication


class TransitionAlarm(Construct):
    """An alarm on unexpected transitions in the log of an application: in three of 15 minutes, so not one restart.

    So it stays in ALARM for a loop with a restart every fifth minute, too. It shows a loop also where the
    metrics of restarts are missing or come late.

    Parameters
    ----------
    application
        The application whose log is filtered. Its monitoring log level must be INFO: Flink logs transitions at INFO.
    """

    def __init__(self, scope: Construct, construct_id: str, *, application: FlinkApplication) -> None:
        super().__init__(scope, construct_id)
        name = application.application_name
        self.filter = logs.MetricFilter(
            self,
            "Filter",
            log_group=application.log.group,
            filter_pattern=logs.FilterPattern.literal(UNEXPECTED_TRANSITIONS),
            metric_namespace=METRICS_OF_LOGS,
            # A metric filter has either dimensions from the event or a default value: the name is part of the metric's.
            metric_name=f"{UNEXPECTED_TRANSITIONS_METRIC}-{name}",
            metric_value="1",
            default_value=0,
        )
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_description=(
                f"{name}: subtasks failed in three of 15 minutes. {runbook(self, 'unexpected-transitions')}"
            ),
            metric=self.filter.metric(statistic="Sum", period=Duration.minutes(1)),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=15,
            datapoints_to_alarm=3,
            # A stopped application writes no log.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
