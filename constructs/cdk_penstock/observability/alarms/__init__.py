"""Alarms of an application: what a person has to be told of, and nothing else."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.observability.alarms.alarm_notification import AlarmNotification, IAlarmNotification
from cdk_penstock.observability.alarms.alarm_thresholds import PageThresholds, TicketThresholds
from cdk_penstock.observability.alarms.alarm_topic import AlarmTopic
from cdk_penstock.observability.alarms.application_alarms import ApplicationAlarms
from cdk_penstock.observability.errors import AlarmError

__all__ = (
    "AlarmError",
    "AlarmNotification",
    "AlarmTopic",
    "ApplicationAlarms",
    "IAlarmNotification",
    "PageThresholds",
    "TicketThresholds",
)

check_arguments(globals())
