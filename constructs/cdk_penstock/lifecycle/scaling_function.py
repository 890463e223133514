"""The common part of what scales an application: its function, what may call it, and its alarms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

from cdk_penstock.foundation.control_function import ControlFunction
from cdk_penstock.foundation.metric_options import MetricOptions, build_metric
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.model.custom_resources.stringified import write_object
from cdk_penstock.model.embedded_metrics import METRICS_OF_PENSTOCK
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE

if TYPE_CHECKING:
    from typing import Any

    from aws_cdk import TimeZone
    from aws_cdk.aws_events import Schedule

    from cdk_penstock.application import FlinkApplication

GUIDE: Final = "docs/scaling.md"
_CALL_RETRY_SECONDS: Final = 3600


class ScalingFunction(Construct):
    """A function that scales one application as its operator, unless a deployment is at work on its stack.

    Parameters
    ----------
    handler
        The handler's name, as in ControlFunction.
    scaled_by
        ``schedule`` or ``lag``, a dimension of the metrics.
    application
        An application of the same stack.
    operator
        The role that scales it.
    settings
        The dataclass of the handler's settings.

    Raises ScalingError for an application of another stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        scaled_by: str,
        application: FlinkApplication,
        operator: iam.Role,
        settings: Any,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._application_name = application.application_name
        self._scaled_by = scaled_by
        self.control = ControlFunction(
            self,
            "Control",
            handler=handler,
            environment={SETTINGS_VARIABLE: stack.to_json_string(write_object(settings))},
        )
        self.control.act_as(operator)
        # Whether a deployment is at work, which MSF does not know.
        self.control.allow(["cloudformation:DescribeStacks"], resource=stack.stack_id)
        self.alarms = [self._build_failure_alarm(), self._build_dropped_alarm()]
        self._caller: iam.Role | None = None

    def call_on_schedule(
        self, construct_id: str, *, schedule: Schedule, time_zone: TimeZone | None, description: str, call: Any = None
    ) -> CfnSchedule:
        """Let EventBridge Scheduler call the function; ``call`` is the dataclass of what it tells."""
        function = self.control.function
        if self._caller is None:
            self._caller = iam.Role(
                self,
                "CallerRole",
                description=f"Calls the function that scales {self._application_name}",
                assumed_by=iam.ServicePrincipal(
                    "scheduler.amazonaws.com",
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                ),
                inline_policies={
                    "Call": iam.PolicyDocument(
                        statements=[
                            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
                        ]
                    )
                },
            )
        return CfnSchedule(
            self,
            construct_id,
            description=description,
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=schedule.expression_string,
            schedule_expression_timezone=None if time_zone is None else time_zone.timezone_name,
            target=CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=self._caller.role_arn,
                # By default the call is repeated for a day, and could undo what a later schedule has done.
                retry_policy=CfnSchedule.RetryPolicyProperty(maximum_event_age_in_seconds=_CALL_RETRY_SECONDS),
                input=None if call is None else json.dumps(write_object(call)),
            ),
        )

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the function; by default its average over five minutes."""
        dimensions = {"Application": self._application_name, "ScaledBy": self._scaled_by}
        return build_metric(self, METRICS_OF_PENSTOCK, name, dimensions=dimensions, options=options)

    def _build_failure_alarm(self) -> cloudwatch.Alarm:
        return self._alarm(
            "FailureAlarm",
            self.metric("ScalingFailures", statistic="Sum", period=Duration.minutes(5)),
            f"Scaling {self._application_name} by {self._scaled_by} has failed or has ended, the function's log says"
            f" why: {GUIDE}#when-scaling-fails",
        )

    def _build_dropped_alarm(self) -> cloudwatch.Alarm:
        # Lambda calls a function that fails three times; only then has the call failed.
        return self._alarm(
            "DroppedAlarm",
            self.control.function.metric("AsyncEventsDropped", statistic="Sum", period=Duration.minutes(5)),
            f"A call to scale {self._application_name} by {self._scaled_by} was dropped after three attempts, the"
            f" function's log says why: {GUIDE}#when-scaling-fails",
        )

    def _alarm(self, construct_id: str, metric: cloudwatch.IMetric, description: str) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=description,
            metric=metric,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def require_scalable(scaling: Construct, application: FlinkApplication) -> None:
    """Raise ScalingError for an application of another stack, and for one that a restart would take the state from."""
    if Stack.of(application) is not Stack.of(scaling):
        raise ScalingError(
            f"{scaling.node.path} is in another stack than the application {application.node.path}, whose deployments"
            " it has to keep out of: put both in one stack"
        )
    if not application.snapshots_enabled:
        raise ScalingError(
            f"application {application.node.path} has no snapshots, so that each scaling and each stop would lose its"
            " state: switch snapshots_enabled on"
        )
