"""Alarms for what a change of key has left: an open permission window, and snapshots under the AWS-owned key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from constructs import Construct

from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.foundation.control_function import ControlFunction
from cdk_penstock.foundation.metric_options import MetricOptions, build_metric
from cdk_penstock.foundation.runbooks import runbook
from cdk_penstock.model.custom_resources.stringified import write_object
from cdk_penstock.model.embedded_metrics import METRICS_OF_PENSTOCK
from cdk_penstock.model.keys.key_audit_settings import KeyAuditSettings
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import IFlinkApplication

_EVERY_MINUTES: Final = 30
"""Twice in each period of an hour, so that no period is without a count."""
_LONGEST_HOURS: Final = 7 * 24
"""The longest time that an alarm with periods of an hour evaluates (CloudWatch, PutMetricAlarm)."""
_FAILED_PERIODS: Final = 3
_ANY_POLICY: Final = "the operator role may be given a policy of any name, which is then to be read"


class KeyAudit(Construct):
    """Looks at the operator role and the snapshots of an application, and alarms on what was left open for too long.

    During a change of key the operator role may use two keys, and snapshots are under both. That ends when the
    permission window of the old key is closed and its snapshots are deleted, which nobody is reminded of otherwise. A
    function reads the role's policies and lists the snapshots twice an hour. It changes nothing, and needs no
    CloudTrail trail.

    Three alarms: the role may use another key than the configured one for ``open_at_most``, by an inline policy of
    ``penstock key`` or an attached one of a deployment; a snapshot is under the AWS-owned key for as long, although the
    application is under a customer managed key; the function fails.

    Parameters
    ----------
    application
        The application.
    operator
        Its operator role.
    open_at_most
        The longest time for which a permission window may be open, in whole hours up to 7 days; longer than the soak.
        Default: 2 days.

    Raises EncryptionError for another time.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        operator: iam.IRole,
        open_at_most: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._hours = _hours_of(open_at_most or Duration.days(2))
        self._application_name = application.application_name
        settings = KeyAuditSettings(application_name=self._application_name, operator_role_arn=operator.role_arn)
        self.control = ControlFunction(
            self,
            "Control",
            handler="key_audit",
            environment={SETTINGS_VARIABLE: Stack.of(self).to_json_string(write_object(settings))},
        )
        self._allow_reading(application, operator)
        every = Duration.minutes(_EVERY_MINUTES)
        Rule(
            self,
            "Schedule",
            description=f"Looks for open permission windows of {self._application_name}",
            schedule=Schedule.rate(every),
            targets=[LambdaFunction(self.control.function, max_event_age=every)],
        )
        self.alarms = [
            self._build_alarm(
                "WindowAlarm",
                "OpenPermissionWindows",
                "The operator role of {} could use another key than the configured one for {} hours",
                "#permission-window-left-open",
            ),
            self._build_alarm(
                "SnapshotAlarm",
                "AwsOwnedSnapshots",
                "A snapshot of {} was under the AWS-owned key for {} hours, while a customer managed key is in force",
                "#snapshots-under-the-aws-owned-key",
            ),
            self._build_failure_alarm(),
        ]

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each alarm."""
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric: ``OpenPermissionWindows``, or ``AwsOwnedSnapshots``; by default its average."""
        dimensions = {"Application": self._application_name}
        return build_metric(self, METRICS_OF_PENSTOCK, name, dimensions=dimensions, options=options)

    def _allow_reading(self, application: IFlinkApplication, operator: iam.IRole) -> None:
        self.control.allow(
            ["kinesisanalytics:DescribeApplication", "kinesisanalytics:ListApplicationSnapshots"],
            resource=application.application_arn,
        )
        self.control.allow(
            ["iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"], resource=operator.role_arn
        )
        stack = Stack.of(self)
        for account in (stack.account, "aws"):
            self.control.allow(
                ["iam:GetPolicy", "iam:GetPolicyVersion"],
                resource=f"arn:{stack.partition}:iam::{account}:policy/*",
                wildcard_reason=_ANY_POLICY,
            )

    def _build_alarm(self, construct_id: str, metric: str, text: str, section: str) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"{text.format(self._application_name, self._hours)}. {runbook(self, 'key', section)}",
            metric=self.metric(metric, statistic="Minimum", period=Duration.hours(1)),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=self._hours,
            # Without a count, nothing is known to have been closed; the third alarm tells that there is none.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _build_failure_alarm(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "FailureAlarm",
            alarm_description=f"The permission windows of {self._application_name} cannot be counted, the function's"
            f" log says why. {runbook(self, 'key', '#permission-window-left-open')}",
            metric=self.control.function.metric_errors(statistic="Sum", period=Duration.hours(1)),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=_FAILED_PERIODS,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _hours_of(open_at_most: Duration) -> int:
    hours = open_at_most.to_hours(integral=False)
    if not 1 <= hours <= _LONGEST_HOURS or hours != int(hours):
        raise EncryptionError(
            f"open_at_most must be whole hours, from 1 to {_LONGEST_HOURS}, got {hours:g} hours: CloudWatch evaluates"
            " no more than 7 days of hours"
        )
    return int(hours)
