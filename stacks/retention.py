"""Scheduled snapshots of an environment's application, and the deletion of its old packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_penstock.lifecycle import ArtifactRetention, SnapshotSchedule

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.observability.alarms import ApplicationAlarms
    from stacks.environment import Environment, PackageSettings, SnapshotSettings

_DAY_HOURS: Final = 24


class ApplicationRetention(Construct):
    """Schedules for the snapshots and packages of one application; their alarms make tickets."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        operator: iam.Role,
        environment: Environment,
        alarms: ApplicationAlarms,
    ) -> None:
        super().__init__(scope, construct_id)
        self._application = application
        self._operator = operator
        self._environment = environment
        self._alarms = alarms
        if environment.snapshots is not None:
            self._schedule_snapshots(environment.snapshots)
        if environment.packages is not None:
            self._prune_packages(environment.packages)

    def _schedule_snapshots(self, settings: SnapshotSettings) -> None:
        schedule = SnapshotSchedule(
            self,
            "Snapshots",
            every=Duration.hours(settings.every_hours),
            # An older snapshot cannot be restored without a loss of events.
            retention=settings.retention(default_days=self._environment.events.retention_hours // _DAY_HOURS),
            dry_run=settings.dry_run,
        )
        max_age = None if settings.max_age_hours is None else Duration.hours(settings.max_age_hours)
        snapshots = schedule.add_application(self._application, operator=self._operator, max_age=max_age)
        self._alarms.add_ticket_alarms(snapshots.age_alarm, snapshots.count_alarm)

    def _prune_packages(self, settings: PackageSettings) -> None:
        given: dict[str, Any] = {"dry_run": settings.dry_run}
        if settings.rollback_versions is not None:
            given["rollback_versions"] = settings.rollback_versions
        if settings.min_age_days is not None:
            given["min_age"] = Duration.days(settings.min_age_days)
        bucket = s3.Bucket.from_bucket_name(self, "Bucket", str(self._environment.application.code.bucket))
        packages = ArtifactRetention(self, "Packages", bucket=bucket, prefix=settings.prefix, **given)
        packages.add_application(self._application, operator=self._operator)
        self._alarms.add_ticket_alarms(packages.alarm)
