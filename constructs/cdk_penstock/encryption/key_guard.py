"""Alarms for whatever endangers the key of an application while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import Duration, IStableAnyProducer, Lazy, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk.aws_events import CfnRule
from constructs import Construct

from cdk_penstock.encryption.cloudformation_role import cloudformation_role_name
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.encryption.key_guard_patterns import (
    assumption_by_unknown,
    call_on_role,
    grant_outside_msf,
    key_call,
    key_change,
)
from cdk_penstock.encryption.operator_role import OperatorRole
from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region, require_key_region
from cdk_penstock.foundation.given_keys import key_of
from cdk_penstock.foundation.log_writers import LogWriters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import IResolvable
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from cdk_penstock.application import IFlinkApplication

RUNBOOK: Final = "docs/runbooks/key.md"
_WITH_READ_ONLY_EVENTS: Final = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""CloudTrail calls AssumeRole read-only (EventBridge, "Receiving read-only management events from AWS services")."""
_DANGEROUS: Final[Mapping[str, str]] = {
    "DisableKey": "#key-disabled",
    "ScheduleKeyDeletion": "#key-scheduled-for-deletion",
    "PutKeyPolicy": "#key-policy-changed",
    "EnableKeyRotation": "#automatic-rotation-enabled",
}


class KeyGuard(Construct):
    """Notices who endangers a key in use, or becomes able to use it behind the operator's back.

    Watched are calls that disable, delete, open or rotate the key, grants that MSF does not make, a change of the
    application's key by anybody but the operator, and the operator itself: its trust, its assumption by anybody whom it
    was not made for, and the deletion of a role that the key's policy names.

    Each is an EventBridge rule on what CloudTrail records, an entry in a log group that says who did it, and an alarm.
    A deployment that changes the key's policy or the trust triggers the alarm as well, since CloudFormation is one who
    can.

    The account needs a CloudTrail trail that logs management events, read-only ones too, and does not exclude those of
    AWS KMS: the event history, which every account has, is not enough for EventBridge ("AWS service events delivered
    via CloudTrail"). Delivery takes minutes, and is best effort. EventBridge gets IAM's events in one Region of a
    partition only, us-east-1 in ``aws``: elsewhere, a rule there has to forward them. All guards of a stack share one
    of the ten resource policies that CloudWatch Logs allows an account in a Region.

    Parameters
    ----------
    application
        The application.
    keys
        Its key, and the previous one as long as snapshots are under it.
    operators
        The roles that may change the application's key. Who assumes one is watched where it is an OperatorRole, which
        knows for whom it was made.
    log_encryption_key
        The key of the log group; it has to let CloudWatch Logs use it. Default: the one that CloudWatch Logs owns.
    log_retention
        How long what happened is kept. Default: one year.

    Raises EncryptionError without a key or an operator, and for a key of another account or Region, whose events do not
    come here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        keys: Sequence[kms.IKey],
        operators: Sequence[iam.IRole],
        log_encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)
        if not keys or not operators:
            raise EncryptionError(
                f"a guard needs a key and an operator, got {len(keys)} keys and {len(operators)} operators"
            )
        keys = [key_of(key, EncryptionError) for key in keys]
        for key in keys:
            _refuse_elsewhere(self, key)
        require_key_region(self, log_encryption_key, EncryptionError)
        self._application_name = application.application_name
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=log_retention,
            encryption_key=log_encryption_key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self._rules: list[CfnRule] = []
        self.alarms = [self._watch(event, key_call(event, keys), section) for event, section in _DANGEROUS.items()]
        self.alarms += self._watch_unknown_callers(keys, operators)
        self._let_rules_write()

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each alarm."""
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def _watch_unknown_callers(
        self, keys: Sequence[kms.IKey], operators: Sequence[iam.IRole]
    ) -> list[cloudwatch.Alarm]:
        arns = [role.role_arn for role in operators]
        names = [role.role_name for role in operators]
        deployer = cloudformation_role_name(self)
        in_policy = names if deployer is None else [*names, deployer]
        made_here = [role for role in operators if isinstance(role, OperatorRole)]
        change = key_change(self._application_name, arns)
        alarms = [
            self._watch("UpdateApplication", change, "#key-changed-outside-the-operator"),
            self._watch("CreateGrant", grant_outside_msf(keys), "#grant-outside-of-msf"),
            self._watch("UpdateAssumeRolePolicy", call_on_role("UpdateAssumeRolePolicy", names), "#trust-changed"),
            self._watch("DeleteRole", call_on_role("DeleteRole", in_policy), "#role-recreated"),
        ]
        if made_here:
            # What is made after this guard, such as scaling, may act as the operator, too.
            pattern = Lazy.any(_Assumption(made_here, Stack.of(self).account))
            alarms.append(self._watch("AssumeRole", pattern, "#operator-assumed", state=_WITH_READ_ONLY_EVENTS))
        return alarms

    def _watch(
        self, event: str, pattern: Mapping[str, Any] | IResolvable, section: str, *, state: str | None = None
    ) -> cloudwatch.Alarm:
        rule = CfnRule(
            self,
            event,
            state=state,
            description=f"{event} endangers the key of {self._application_name}",
            event_pattern=pattern,
            targets=[CfnRule.TargetProperty(id="Log", arn=_without_suffix(self.log_group))],
        )
        self._rules.append(rule)
        return cloudwatch.Alarm(
            self,
            f"{event}Alarm",
            alarm_description=f"{event} endangers the key of {self._application_name}: {RUNBOOK}{section}",
            metric=cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="MatchedEvents",
                dimensions_map={"RuleName": rule.ref},
                statistic="Sum",
                period=Duration.minutes(5),
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _let_rules_write(self) -> None:
        """Let these rules write to this log group, which takes a policy of CloudWatch Logs and no role."""
        create = self._log_statement("logs:CreateLogStream")
        # EventBridge says for which rule it writes, but not for which it makes a stream: a condition on both denies it.
        write = self._log_statement("logs:PutLogEvents") | {
            "Condition": {"ArnEquals": {"aws:SourceArn": [rule.attr_arn for rule in self._rules]}}
        }
        LogWriters.of(self, "Guard").allow([create, write])

    def _log_statement(self, action: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            # The service writes with both principals (EventBridge, "Using resource-based policies", CloudWatch Logs).
            "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
            "Action": action,
            "Resource": self.log_group.log_group_arn,
        }


@jsii.implements(IStableAnyProducer)
class _Assumption:
    """Pattern of an assumption of operator roles by somebody for whom they were not made by the end of the app."""

    def __init__(self, roles: Sequence[OperatorRole], account: str) -> None:
        self._roles, self._account = roles, account

    def produce(self) -> Mapping[str, Any]:
        trusted = dict.fromkeys(arn for role in self._roles for arn in role.trusted_arns)
        return assumption_by_unknown([role.role_arn for role in self._roles], list(trusted), self._account)


def _without_suffix(group: logs.LogGroup) -> str:
    """Return the group's ARN as a rule's target takes it, without the ``:*`` that CloudFormation appends."""
    return Stack.of(group).format_arn(service="logs", resource=f"log-group:{group.log_group_name}")


def _refuse_elsewhere(scope: Construct, key: kms.IKey) -> None:
    place = key.env
    if is_of_other_account(scope, place.account) or is_of_other_region(scope, place.region):
        raise EncryptionError(
            f"a guard must be in the account and Region of its keys, where CloudTrail's events are, got a key of"
            f" {place.account} and {place.region} in {scope.node.path}: add a KeyGuard there"
        )
