"""The rollback of an application whose job fails again and again after its deployment was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from constructs import Construct

from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.control_function import ControlFunction
from cdk_penstock.foundation.metric_options import MetricOptions, build_metric
from cdk_penstock.model.custom_resources.stringified import write_object
from cdk_penstock.model.embedded_metrics import METRICS_OF_PENSTOCK
from cdk_penstock.model.loop_rollback_settings import LoopRollbackSettings
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase

_GUIDE: Final = "docs/changes.md#a-change-that-begins-to-fail-later"
_MARK: Final = "RolledBackOnLoop"
_WITHIN_HOURS: Final = 24
_PERIODS: Final = 5
_MAX_WITHIN_DAYS: Final = 30


class LoopRollback(Construct):
    """Rolls the newest version of an application back, once, when its job restarts in each of five minutes.

    The restarts of a job are counted from its start on, so that the alarm looks at their growth; one or two restarts,
    and those of MSF's maintenance, do not raise it
    (https://docs.aws.amazon.com/managed-flink/latest/java/metrics-dimensions.html). It calls a function, which acts as
    the operator and looks at the job before it does anything. It rolls back only a version that is younger than
    ``within``: what has run well for longer fails for a cause outside of it, which a rollback would not remove. Never
    is a version rolled back that a rollback has brought. Each call leaves a record in the function's log, with the
    evidence of the job.

    A rollback rewinds the job to the snapshot of before the update, and puts the application behind its template, see
    the guide. VerifiedStart is what finds a bad version first; this construct is for one that begins to fail later.

    Parameters
    ----------
    application
        An application of the same stack.
    operator
        The role that rolls it back: as a rule its OperatorRole.
    within
        The age of a version up to which it is rolled back, one hour to 30 days. Default: one day.

    Raises ApplicationPropsError for another age, for an application of another stack, and for a second LoopRollback.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplicationBase,
        operator: iam.Role,
        within: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        age = within or Duration.hours(_WITHIN_HOURS)
        _check(self, application, age)
        self._application = application
        self.control = self._build_function(operator, age)
        self.loop_alarm = self._build_loop_alarm()
        self.loop_alarm.add_alarm_action(cloudwatch_actions.LambdaAction(self.control.function))
        self.alarms = [self._build_failure_alarm(), self._build_dropped_alarm()]
        Construct(application, _MARK)

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each loop, and of each rollback that failed."""
        for alarm in (self.loop_alarm, *self.alarms):
            alarm.add_alarm_action(*actions)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the function: ``LoopRollbacks`` or ``LoopRollbackFailures``."""
        dimensions = {"Application": self._application.application_name}
        return build_metric(self, METRICS_OF_PENSTOCK, name, dimensions=dimensions, options=options)

    def _build_function(self, operator: iam.Role, within: Duration) -> ControlFunction:
        stack = Stack.of(self)
        settings = LoopRollbackSettings(
            application_name=self._application.application_name,
            operator_role_arn=operator.role_arn,
            stack_id=stack.stack_id,
            within_seconds=int(within.to_seconds()),
        )
        control = ControlFunction(
            self,
            "Control",
            handler="loop_rollback",
            environment={SETTINGS_VARIABLE: stack.to_json_string(write_object(settings))},
        )
        control.act_as(operator)
        # Whether a deployment is at work, which MSF does not know.
        control.allow(["cloudformation:DescribeStacks"], resource=stack.stack_id)
        return control

    def _build_loop_alarm(self) -> cloudwatch.Alarm:
        growth = cloudwatch.MathExpression(
            expression="DIFF(restarts)",
            using_metrics={"restarts": self._application.metric_restarts(period=Duration.minutes(1))},
            label="restarts in a minute",
            period=Duration.minutes(1),
        )
        return self._alarm(
            "LoopAlarm",
            f"The job of {self._application.application_name} restarted in each of {_PERIODS} minutes, and is looked"
            f" at: {_GUIDE}",
            growth,
            periods=_PERIODS,
        )

    def _build_failure_alarm(self) -> cloudwatch.Alarm:
        return self._alarm(
            "FailureAlarm",
            f"The job of {self._application.application_name} fails and was not rolled back, the function's log says"
            f" why: {_GUIDE}",
            self.metric("LoopRollbackFailures", statistic="Sum", period=Duration.minutes(5)),
        )

    def _build_dropped_alarm(self) -> cloudwatch.Alarm:
        # Lambda calls a function that fails three times; only then has the call failed.
        return self._alarm(
            "DroppedAlarm",
            f"What was to look at the job of {self._application.application_name} failed three times, its log says why:"
            f" {_GUIDE}",
            self.control.function.metric("AsyncEventsDropped", statistic="Sum", period=Duration.minutes(5)),
        )

    def _alarm(
        self, construct_id: str, description: str, metric: cloudwatch.IMetric, *, periods: int = 1
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=description,
            metric=metric,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            # A stopped application has no metrics.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _check(construct: Construct, application: FlinkApplicationBase, within: Duration) -> None:
    hours = within.to_hours(integral=False)
    if not 1 <= hours <= 24 * _MAX_WITHIN_DAYS:
        raise ApplicationPropsError(f"within must be one hour to {_MAX_WITHIN_DAYS} days, got {hours:g} hours")
    if Stack.of(application) is not Stack.of(construct):
        raise ApplicationPropsError(
            f"{construct.node.path} is in another stack than the application {application.node.path}, whose deployments"
            " it has to keep out of: put both in one stack"
        )
    if application.node.try_find_child(_MARK) is not None:
        raise ApplicationPropsError(f"application {application.node.path} has a LoopRollback already: give it one")
