"""Scaling, stops and starts of an application at times of the day or the week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.lifecycle.kept_parallelism import keep_parallelism
from cdk_penstock.lifecycle.scaling_function import ScalingFunction, require_scalable
from cdk_penstock.model.scaling.scaling_settings import ScheduledCall, ScheduledScalingSettings

if TYPE_CHECKING:
    from aws_cdk import TimeZone
    from aws_cdk import aws_iam as iam
    from aws_cdk.aws_events import Schedule

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.foundation.metric_options import MetricOptions


class ScheduledScaling(Construct):
    """Sets the parallelism of an application, stops it and starts it at times that are known before.

    EventBridge Scheduler calls a function, which acts as the operator, also under a customer managed key. It acts on a
    steady application only, outside of deployments of its stack: else it waits, half an hour at most, and then an alarm
    is raised. It does nothing where nothing is to be done, and asks for nothing twice: an alarm is raised where MSF
    fails a request.

    Each change of the parallelism is a restart from a snapshot, during which the job falls behind. Deployments keep the
    parallelism of the last schedule, see KeptParallelism.

    Parameters
    ----------
    application
        An application of the same stack.
    operator
        The role that acts on it: as a rule its OperatorRole.
    time_zone
        The time zone of all schedules, with daylight saving time. Default: UTC.

    Raises ScalingError for an application of another stack, and for one without snapshots.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        operator: iam.Role,
        time_zone: TimeZone | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_scalable(self, application)
        self._application = application
        self._operator = operator
        self._time_zone = time_zone
        self._function = ScalingFunction(
            self,
            "Function",
            handler="scheduled_scaling",
            scaled_by="schedule",
            application=application,
            operator=operator,
            settings=ScheduledScalingSettings(
                application_name=application.application_name,
                operator_role_arn=operator.role_arn,
                stack_id=Stack.of(self).stack_id,
            ),
        )
        self.alarms = self._function.alarms

    def add_parallelism(self, construct_id: str, *, parallelism: int, schedule: Schedule) -> None:
        """Set the parallelism at a time; a second schedule sets it back.

        A stopped application takes it up when it is started. With MSF's automatic scaling, it is the least that MSF
        keeps.

        Parameters
        ----------
        parallelism
            From that time on.
        schedule
            The time.

        Raises SizingError for a parallelism that needs more KPUs than the application's ``max_kpus``, or that its
        maximum parallelism does not allow.
        """
        self._application.sizing.scaled_to(parallelism, max_parallelism=self._application.max_parallelism)
        keep_parallelism(self._application, self._operator)
        self._call(construct_id, schedule, ScheduledCall(action="parallelism", parallelism=parallelism))

    def add_stop(self, construct_id: str, *, schedule: Schedule) -> None:
        """Stop the application with a snapshot at a time; a stopped application costs nothing but its snapshots.

        Where no snapshot can be taken, it goes on running, and an alarm is raised. A deployment that has a
        VerifiedStart and changes the application starts it again.
        """
        self._call(construct_id, schedule, ScheduledCall(action="stop"))

    def add_start(self, construct_id: str, *, schedule: Schedule, also_if_others_stopped_it: bool = False) -> None:
        """Start the application from its latest snapshot at a time.

        By default only if ``add_stop`` has stopped it last: what a person has stopped, or MSF after a failure, may have
        to stay so. A tag of the application, ``penstock:stopped-by-schedule``, says which stop it was.

        Parameters
        ----------
        schedule
            The time.
        also_if_others_stopped_it
            Whether it is started whoever has stopped it. Default: no.
        """
        call = ScheduledCall(action="start", also_if_others_stopped_it=also_if_others_stopped_it)
        self._call(construct_id, schedule, call)

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each failure."""
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the schedules: ``Parallelism``, 0 for a stopped application, or ``ScalingFailures``."""
        return self._function.metric(name, **options)

    def _call(self, construct_id: str, schedule: Schedule, call: ScheduledCall) -> None:
        self._function.call_on_schedule(
            construct_id,
            schedule=schedule,
            time_zone=self._time_zone,
            description=f"{call.goal} for {self._application.application_name}",
            call=call,
        )
