"""Deletion of old packages of code by schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import Duration, IStableAnyProducer, Lazy, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk.aws_scheduler import ScheduleExpression
from constructs import Construct, IValidation

from cdk_penstock.foundation.control_function import ControlFunction
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.runbooks import runbook
from cdk_penstock.foundation.scheduled_calls import ScheduledCalls
from cdk_penstock.model.custom_resources.stringified import write_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.package_pruning import (
    PackageCheck,
    PackageOwner,
    check_package_bucket,
    check_package_prefix,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from cdk_penstock.application import IFlinkApplication

_MIN_AGE_DAYS: Final = 30
_PACKAGES: Final = "the packages below this prefix are the applications' alone, and their keys are those of builds"


class ArtifactRetention(Construct):
    """Deletes packages of code that no application needs any more, from one prefix of one bucket.

    Once a day, a function looks at each application as its operator role, and keeps every package that is

    - the code of its present version,
    - the code of one of its last ``rollback_versions`` versions,
    - the code of a version that one of its snapshots belongs to, so that the snapshot can be restored with it, or
    - younger than ``min_age``: it may be waiting for its deployment.

    Everything else below the prefix is deleted, with all versions of the object that nobody needs. So the prefix must
    hold nothing but packages of the applications that are added. Nothing is deleted while an application is not in a
    steady status, cannot be looked at, or has its present code elsewhere.

    MSF keeps a copy of each version's code, with which RollbackApplication works without the object in S3. A rollback
    by CloudFormation, and a deployment of an older template, need the object (managed-flink, rollback).

    The CDK's bucket of assets is refused: all apps and stacks of the account share it.

    Parameters
    ----------
    bucket
        The bucket, such as that of ApplicationCode.from_bucket.
    prefix
        The beginning of the packages' keys, with a slash at its end, such as ``orders/``.
    rollback_versions
        For how many of each application's last versions the package is kept, at least 1. Default: 10.
    min_age
        Age below which every package is kept, at least 1 day. Default: 30 days.
    dry_run
        True to delete nothing, and only write into the log what would be deleted.
    log_retention
        Retention of the function's log, which names each package that was deleted. Default: three months.
    encryption_key
        Key of the function's log and environment. Default: keys that AWS owns.

    Raises PenstockError for a bucket of the CDK, a prefix that is no folder, and values below the least.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        prefix: str,
        rollback_versions: int = 10,
        min_age: Duration | None = None,
        dry_run: bool = False,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if not Token.is_unresolved(bucket.bucket_name):
            check_package_bucket(bucket.bucket_name)
        check_package_prefix(prefix)
        days = _MIN_AGE_DAYS if min_age is None else min_age.to_days(integral=False)
        if rollback_versions < 1 or days < 1:
            raise PenstockError(
                f"rollback_versions must be at least 1 and min_age at least 1 day, got {rollback_versions} and"
                f" {days:g} days: with less, a package is deleted that the next deployment or rollback needs"
            )
        self._function = ControlFunction(
            self, "Function", handler="artifact_retention", log_retention=log_retention, encryption_key=encryption_key
        )
        self.log_group = self._function.log_group
        """The log of the function."""
        self._owners: dict[str, PackageOwner] = {}
        self._allow_deletion(bucket, prefix)
        check = PackageCheck(
            bucket_name=bucket.bucket_name,
            prefix=prefix,
            owners=(),
            rollback_versions=rollback_versions,
            min_age_seconds=round(days * 86_400),
            dry_run=dry_run,
        )
        self._schedule = ScheduledCalls(self, "Schedules", function=self._function.function).add(
            "Schedule",
            schedule=ScheduleExpression.rate(Duration.days(1)),
            event=write_object(check) | {"Owners": Lazy.any(_Owners(self._owners))},
            description=f"Deletes old packages below {prefix}",
        )
        # A schedule calls as soon as it is made (EventBridge Scheduler, "Rate-based schedules").
        self._schedule.node.add_dependency(self._function.role)
        self.alarm = self._build_alarm()
        self.place = (bucket.node.path if Token.is_unresolved(bucket.bucket_name) else bucket.bucket_name, prefix)
        """The bucket, by its name or else by its path, and the prefix."""
        self.node.add_validation(_Validation(self))

    def add_application(self, application: IFlinkApplication, *, operator: iam.Role) -> None:
        """Keep the packages that an application needs.

        Parameters
        ----------
        application
            The application, whose code is below the prefix.
        operator
            Its operator role, in the stack of this construct: its trust policy then names the function's role.

        Raises PenstockError for an application that was added before.
        """
        path = application.node.path
        if path in self._owners:
            raise PenstockError(f"application {path} is in {self.node.path} already: add it once")
        self._function.act_as(operator)
        self._schedule.node.add_dependency(operator)
        self._owners[path] = PackageOwner(
            application_name=application.application_name, operator_role_arn=operator.role_arn
        )

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody when a run fails."""
        self.alarm.add_alarm_action(*actions)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong at synthesis: no application, or another construct that deletes the same packages."""
        if not self._owners:
            yield "an artifact retention needs an application: call add_application"
        bucket, prefix = self.place
        for other in self.node.root.node.find_all():
            if isinstance(other, ArtifactRetention) and other is not self:
                other_bucket, other_prefix = other.place
                if bucket == other_bucket and (prefix.startswith(other_prefix) or other_prefix.startswith(prefix)):
                    yield (
                        f"{other.node.path} deletes packages below {other_prefix} of the same bucket, and this one"
                        f" below {prefix}: each would delete what only the other one's applications need; use one for"
                        " all"
                    )

    def _allow_deletion(self, bucket: s3.IBucket, prefix: str) -> None:
        role = self._function.role
        allow(
            role,
            actions=["s3:ListBucketVersions"],
            resources=[bucket.bucket_arn],
            conditions={"StringEquals": {"s3:prefix": prefix}},
        )
        allow(
            role,
            actions=["s3:DeleteObjectVersion"],
            resources=[bucket.arn_for_objects(f"{prefix}*")],
            wildcard_reason=_PACKAGES,
        )

    def _build_alarm(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_description=(
                f"Old packages of code could not be deleted, or it is not known which. {runbook(self, 'packages')}"
            ),
            # Lambda calls a function that fails three times; only then has the run failed.
            metric=self._function.function.metric("AsyncEventsDropped", statistic="Sum", period=Duration.minutes(5)),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            # A schedule that does not run leaves packages where they are.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


@jsii.implements(IStableAnyProducer)
class _Owners:
    """The applications of a retention, when all are added."""

    def __init__(self, owners: dict[str, PackageOwner]) -> None:
        self._owners = owners

    def produce(self) -> list[dict[str, Any]]:
        """Return the applications as the function's event has them."""
        return [write_object(each) for each in self._owners.values()]


@jsii.implements(IValidation)
class _Validation:
    """Validation, at synthesis, that one construct knows all applications with packages below a prefix."""

    def __init__(self, retention: ArtifactRetention) -> None:
        self._retention = retention

    def validate(self) -> list[str]:
        """Return what is wrong."""
        return list(self._retention.problems())
