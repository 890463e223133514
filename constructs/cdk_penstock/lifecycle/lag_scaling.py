"""Scaling of an application by how far its job is behind its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from cdk_penstock.lifecycle.kept_parallelism import keep_parallelism
from cdk_penstock.lifecycle.lag_metric import PERIOD
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.lifecycle.scaling_function import GUIDE, ScalingFunction, require_scalable
from cdk_penstock.model.scaling.parallelism_choice import UNKNOWN
from cdk_penstock.model.scaling.scaling_settings import LagScalingSettings

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.foundation.metric_options import MetricOptions
    from cdk_penstock.lifecycle.lag_metric import LagMetric

_UP_MINUTES: Final = 5
_DOWN_MINUTES: Final = 60
_COOL_DOWN_MINUTES: Final = 15
_MIN_COOL_DOWN_MINUTES: Final = 5
_DAY_MINUTES: Final = 24 * 60
_IDLE_CPU_PERCENT: Final = 30
"""At half the parallelism, the CPU stays below 60 %."""
_LOOK_MINUTES: Final = 5
_MARK: Final = "ScaledByLag"


class LagScaling(Construct):
    """Doubles the parallelism of an application whose job falls behind, and halves it when the job is hardly busy.

    An alarm on the lag, and another one on little lag and little CPU, call a function, which acts as the operator. As
    an alarm calls only when it changes, the function looks again every five minutes. It goes step by step, to divisors
    of the job's maximum parallelism if there are any in reach, and leaves an application alone that is not RUNNING,
    that a deployment is at work on, or whose last operation of any kind, a deployment or a restart too, ended less than
    ``cool_down`` ago. After a change that MSF has failed it does nothing more until a change or a start succeeds, and
    an alarm is raised meanwhile. Each decision is in its log, with the reason.

    **Every step makes the lag greater at first**: it is a snapshot, a stop and a start of the job, which then has to
    catch up. Deployments keep the parallelism, see KeptParallelism.

    Parameters
    ----------
    application
        An application of the same stack, without MSF's automatic scaling.
    operator
        The role that scales it: as a rule its OperatorRole.
    metric
        What says how far the job is behind.
    largest_parallelism
        The largest parallelism, which decides what it may cost.
    smallest_parallelism
        The smallest one. Default: the application's parallelism in the template.
    scale_up_after
        How long the job must be behind, in whole minutes. Default: five minutes.
    scale_down_after
        How long the job must keep up with less than 30 % CPU, in whole minutes. Default: one hour.
    scale_down_enabled
        Whether it is scaled down at all. Default: yes.
    cool_down
        The time without a step after the end of any operation, five minutes to one day: at least what the job needs to
        start and to catch up. Default: 15 minutes.

    Raises ScalingError for an application of another stack, without snapshots, with automatic scaling or with another
    LagScaling, and for a time out of range; SizingError for a parallelism that needs more KPUs than ``max_kpus``, or
    that the maximum parallelism does not allow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        operator: iam.Role,
        metric: LagMetric,
        largest_parallelism: int,
        smallest_parallelism: int | None = None,
        scale_up_after: Duration | None = None,
        scale_down_after: Duration | None = None,
        scale_down_enabled: bool = True,
        cool_down: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_scalable(self, application)
        _refuse_other_scaling(application)
        smallest = application.sizing.parallelism if smallest_parallelism is None else smallest_parallelism
        for each in (smallest, largest_parallelism):
            application.sizing.scaled_to(each, max_parallelism=application.max_parallelism)
        wait = _minutes("cool_down", cool_down, _COOL_DOWN_MINUTES, least=_MIN_COOL_DOWN_MINUTES)
        self._application = application
        self._metric = metric
        self.behind_alarm = self._build_behind_alarm(_minutes("scale_up_after", scale_up_after, _UP_MINUTES))
        self.idle_alarm = (
            self._build_idle_alarm(_minutes("scale_down_after", scale_down_after, _DOWN_MINUTES))
            if scale_down_enabled
            else None
        )
        settings = LagScalingSettings(
            application_name=application.application_name,
            operator_role_arn=operator.role_arn,
            stack_id=Stack.of(self).stack_id,
            behind_alarm_name=self.behind_alarm.alarm_name,
            idle_alarm_name=None if self.idle_alarm is None else self.idle_alarm.alarm_name,
            smallest_parallelism=smallest,
            largest_parallelism=largest_parallelism,
            max_parallelism=application.max_parallelism or UNKNOWN,
            cool_down_seconds=60 * wait,
        )
        # Refused here, and not when it is time to scale.
        _ = settings.rule
        self._function = ScalingFunction(
            self,
            "Function",
            handler="lag_scaling",
            scaled_by="lag",
            application=application,
            operator=operator,
            settings=settings,
        )
        self.alarms = self._function.alarms
        self._let_alarms_call()
        keep_parallelism(application, operator)
        Construct(application, _MARK)

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each failure; of lag itself, ``behind_alarm`` tells."""
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the scaling: ``Parallelism``, ``ScalingRequests`` or ``ScalingFailures``."""
        return self._function.metric(name, **options)

    def _build_behind_alarm(self, minutes: int) -> cloudwatch.Alarm:
        return self._alarm(
            "BehindAlarm",
            "is behind its source and is scaled up",
            metric=self._metric.build(self._application),
            threshold=self._metric.above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
        )

    def _build_idle_alarm(self, minutes: int) -> cloudwatch.Alarm:
        idle = cloudwatch.MathExpression(
            expression=f"IF(lag <= {self._metric.caught_up:g} AND cpu < {_IDLE_CPU_PERCENT}, 1, 0)",
            using_metrics={
                "lag": self._metric.build(self._application),
                "cpu": self._application.metric_container_cpu_utilization(period=PERIOD),
            },
            label="keeps up with little CPU",
            period=PERIOD,
        )
        return self._alarm(
            "IdleAlarm",
            "keeps up with little CPU and is scaled down",
            metric=idle,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=minutes,
        )

    def _alarm(
        self,
        construct_id: str,
        what: str,
        *,
        metric: cloudwatch.IMetric,
        threshold: float,
        comparison_operator: cloudwatch.ComparisonOperator,
        evaluation_periods: int,
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"{self._application.application_name} {what}: {GUIDE}#scaling-by-lag",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison_operator,
            evaluation_periods=evaluation_periods,
            # A stopped application has no metrics, and is not scaled.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _let_alarms_call(self) -> None:
        """Call the function when an alarm is raised, and again and again while one lasts.

        The alarms do not have the function as an action: it knows their names, and would depend on itself.
        """
        control = self._function.control
        arns = [alarm.alarm_arn for alarm in (self.behind_alarm, self.idle_alarm) if alarm is not None]
        for arn in arns:
            control.allow(["cloudwatch:DescribeAlarms"], resource=arn)
        events.Rule(
            self,
            "Alarms",
            description=f"An alarm that scales {self._application.application_name} is raised",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                resources=arns,
                detail={"state": {"value": ["ALARM"]}},
            ),
            targets=[targets.LambdaFunction(control.function)],
        )
        self._function.call_on_schedule(
            "Look",
            schedule=events.Schedule.rate(Duration.minutes(_LOOK_MINUTES)),
            time_zone=None,
            description=f"Scales {self._application.application_name} further while an alarm lasts",
        )


def _refuse_other_scaling(application: FlinkApplication) -> None:
    if application.autoscaling is not None:
        raise ScalingError(
            f"application {application.node.path} has MSF's automatic scaling, and two kinds of scaling would undo each"
            " other: switch auto_scaling_enabled off, or leave out LagScaling"
        )
    if application.node.try_find_child(_MARK) is not None:
        raise ScalingError(
            f"application {application.node.path} is scaled by lag already: give it one LagScaling; for several sources"
            " use LagMetric.of with a math expression"
        )


def _minutes(name: str, duration: Duration | None, default: int, *, least: int = 1) -> int:
    minutes = default if duration is None else duration.to_minutes(integral=False)
    if not least <= minutes <= _DAY_MINUTES or minutes != int(minutes):
        raise ScalingError(f"{name} must be {least} to {_DAY_MINUTES} whole minutes, got {minutes:g}")
    return int(minutes)
