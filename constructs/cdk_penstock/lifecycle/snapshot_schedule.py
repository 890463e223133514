"""Snapshots of any number of applications by schedule, and their pruning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import Duration, Stack
from aws_cdk import aws_logs as logs
from aws_cdk.aws_scheduler import ScheduleExpression
from constructs import Construct, IValidation

from cdk_penstock.foundation.control_function import ControlFunction
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.scheduled_calls import ScheduledCalls
from cdk_penstock.lifecycle.application_snapshots import ApplicationSnapshots
from cdk_penstock.model.custom_resources.stringified import write_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.snapshots import SnapshotRetention
from cdk_penstock.model.snapshots.snapshot_check import SnapshotCheck
from cdk_penstock.model.snapshots.taking import CHECK_INTERVAL

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from cdk_penstock.application import IFlinkApplication

_EVERY_HOURS: Final = 6
_MOST_HOURS: Final = 7 * 24
_LEAST_SLACK_HOURS: Final = 1
_SLACK_HOURS: Final = 2
_LIST_ENHANCED: Final = (
    "kinesisanalytics:ListSnapshots has no resource types (managed-flink, security-iam-snapshots); the function asks"
    " for the snapshots of one application"
)
_ENHANCED_NAMES: Final = (
    "the ARN of an enhanced snapshot does not hold its application (managed-flink, snapshots-how-it-works), and MSF"
    " names those that it takes; the function deletes only snapshots of the application"
)


class SnapshotSchedule(Construct):
    """Takes snapshots of applications by schedule, and deletes those that no rule keeps.

    Once an hour, EventBridge Scheduler calls a function for each application. If the application is RUNNING and its
    newest READY snapshot is ``every`` old, however it was made, the function takes another one; a snapshot that fails
    is tried again an hour later. Then it prunes: see SnapshotRetention. It acts as the operator role of the
    application, so it works with a customer managed key. One application's failure does not concern the others.

    The function reports the age of the newest READY snapshot, the number of snapshots and failures. Two alarms for each
    application are raised when the age is above ``max_age`` or no age is reported, and when the application is close to
    the limit of 1,000 snapshots. A stopped application raises no alarm on the age.

    AWS recommends several snapshots a day (managed-flink, how-snapshots).

    Parameters
    ----------
    every
        Age of the newest READY snapshot at which another one is taken: 1 hour to 7 days. Default: 6 hours.
    retention
        The snapshots that are kept. Default: SnapshotRetention().
    dry_run
        True to delete nothing, and only write into the log what would be deleted. Snapshots are taken all the same.
    log_retention
        Retention of the function's log. Default: three months.
    encryption_key
        Key of the function's log and environment. Default: keys that AWS owns.

    Raises PenstockError for another ``every``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        every: Duration | None = None,
        retention: SnapshotRetention | None = None,
        dry_run: bool = False,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._every_hours = _hours(every, _EVERY_HOURS)
        if not 1 <= self._every_hours <= _MOST_HOURS:
            raise PenstockError(
                f"every must be 1 hour to 7 days, got {self._every_hours:g} hours: the schedule looks once an hour"
            )
        self._retention = retention or SnapshotRetention()
        self._dry_run = dry_run
        self._function = ControlFunction(
            self,
            "Function",
            handler="snapshot_schedule",
            log_retention=log_retention,
            encryption_key=encryption_key,
        )
        self.log_group = self._function.log_group
        """The log of the function."""
        self._calls = ScheduledCalls(self, "Schedules", function=self._function.function)
        self._applications: dict[str, ApplicationSnapshots] = {}
        self._alarm_actions: list[cloudwatch.IAlarmAction] = []
        self.node.add_validation(_HasApplications(self._applications))

    def add_application(
        self,
        application: IFlinkApplication,
        *,
        operator: iam.Role,
        max_age: Duration | None = None,
        enhanced_snapshots: bool = False,
    ) -> ApplicationSnapshots:
        """Take and prune the snapshots of an application.

        Parameters
        ----------
        application
            The application.
        operator
            Its operator role, in the stack of this construct: its trust policy then names the function's role.
        max_age
            Age of the newest READY snapshot above which the alarm is raised, at least one hour more than ``every``.
            Default: twice ``every``, and at least two hours more.
        enhanced_snapshots
            True if the application is in the mode ENHANCED_SNAPSHOTS, for which the operator role needs other
            permissions; they are added.

        Raises PenstockError for a shorter ``max_age``, and for an application that was added before.
        """
        name, path = application.application_name, application.node.path
        if path in self._applications:
            raise PenstockError(f"application {path} is in the snapshot schedule {self.node.path} already: add it once")
        hours = _hours(max_age, max(2 * self._every_hours, self._every_hours + _SLACK_HOURS))
        if hours < self._every_hours + _LEAST_SLACK_HOURS:
            raise PenstockError(
                f"max_age must be at least an hour more than every, {self._every_hours:g} hours, got {hours:g}: with"
                " less, the alarm is raised although nothing fails"
            )
        self._function.act_as(operator)
        if enhanced_snapshots:
            _allow_enhanced_snapshots(operator, application)
        snapshots = ApplicationSnapshots(
            self,
            f"{application.node.id}{application.node.addr[-8:]}",
            application=application,
            max_age=Duration.minutes(round(hours * 60)),
        )
        check = SnapshotCheck(
            application_name=name,
            operator_role_arn=operator.role_arn,
            every_seconds=round(self._every_hours * 3600),
            retention=self._retention,
            dry_run=self._dry_run,
        )
        schedule = self._calls.add(
            "Schedule",
            scope=snapshots,
            schedule=ScheduleExpression.rate(Duration.seconds(CHECK_INTERVAL.total_seconds())),
            event=write_object(check),
            description=f"Looks at the snapshots of {name}",
        )
        # A schedule calls as soon as it is made (EventBridge Scheduler, "Rate-based schedules"); the alarm comes after.
        schedule.node.add_dependency(self._function.role, operator)
        snapshots.age_alarm.node.add_dependency(schedule)
        snapshots.add_alarm_action(*self._alarm_actions)
        self._applications[path] = snapshots
        return snapshots

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of the alarms of all applications, also of those that are added later."""
        self._alarm_actions += actions
        for each in self._applications.values():
            each.add_alarm_action(*actions)


def _hours(given: Duration | None, default: float) -> float:
    return default if given is None else given.to_hours(integral=False)


def _allow_enhanced_snapshots(operator: iam.Role, application: IFlinkApplication) -> None:
    """Allow what enhanced snapshots need (managed-flink, security-iam-snapshots)."""
    allow(operator, actions=["kinesisanalytics:CreateSnapshot"], resources=[application.application_arn])
    allow(operator, actions=["kinesisanalytics:ListSnapshots"], resources=["*"], wildcard_reason=_LIST_ENHANCED)
    any_snapshot = Stack.of(application).format_arn(service="kinesisanalytics", resource="snapshot", resource_name="*")
    allow(
        operator,
        actions=["kinesisanalytics:DeleteSnapshot", "kinesisanalytics:DescribeSnapshot"],
        resources=[any_snapshot],
        wildcard_reason=_ENHANCED_NAMES,
    )


@jsii.implements(IValidation)
class _HasApplications:
    """Validation, at synthesis, that a schedule has something to do."""

    def __init__(self, applications: dict[str, ApplicationSnapshots]) -> None:
        self._applications = applications

    def validate(self) -> list[str]:
        """Return what is wrong."""
        return [] if self._applications else ["a snapshot schedule needs an application: call add_application"]
