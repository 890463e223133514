"""Rules of EventBridge on calls that CloudTrail records, each with an entry in a log group and an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk.aws_events import CfnRule
from constructs import Construct

from cdk_penstock.encryption.key_guard_patterns import operator_change
from cdk_penstock.encryption.operator_role import OperatorRole
from cdk_penstock.foundation.log_writers import LogWriters
from cdk_penstock.foundation.runbooks import runbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import IResolvable
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from cdk_penstock.application import IFlinkApplication

_OPERATOR_CHANGE: Final = "OperatorChange"
_KEY_RUNBOOK: Final = "key"
_OPERATOR_RUNBOOK: Final = "who-may-operate"


class CallGuard(Construct):
    """Base of all guards; a subclass calls ``_finish`` when all calls are watched."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        log_encryption_key: kms.IKey | None,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        self._application_name = application.application_name
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=log_retention,
            encryption_key=log_encryption_key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        """The log group with the events: who called, and how."""
        self.alarms: list[cloudwatch.Alarm] = []
        """The alarms, one for each rule."""
        self._rules: list[CfnRule] = []

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of each alarm."""
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def _watch_key_call(
        self, event: str, pattern: Mapping[str, Any] | IResolvable, section: str, *, state: str | None = None
    ) -> None:
        """Add the rule and the alarm of a call on the key, with its section in the runbook."""
        text = f"{event} endangers the key of {self._application_name}"
        self._watch(event, pattern, text, runbook(self, _KEY_RUNBOOK, section), state=state)

    def _watch_operators(self, operators: Sequence[iam.IRole]) -> None:
        """Add the rule and the alarm of changes of who may operate, and of what an operator may do."""
        made_here = [role for role in operators if isinstance(role, OperatorRole)]
        pattern = operator_change(
            [role.role_name for role in operators], [role.base_policy.managed_policy_arn for role in made_here]
        )
        text = f"Somebody changed who may operate {self._application_name}, or what its operator may do"
        self._watch(_OPERATOR_CHANGE, pattern, text, runbook(self, _OPERATOR_RUNBOOK))

    def _finish(self) -> None:
        """Let these rules write to this log group, which takes a policy of CloudWatch Logs and no role."""
        create = self._log_statement("logs:CreateLogStream")
        # EventBridge says for which rule it writes, but not for which it makes a stream: a condition on both denies it.
        write = self._log_statement("logs:PutLogEvents") | {
            "Condition": {"ArnEquals": {"aws:SourceArn": [rule.attr_arn for rule in self._rules]}}
        }
        LogWriters.of(self, "Guard").allow([create, write])

    def _watch(
        self,
        event: str,
        pattern: Mapping[str, Any] | IResolvable,
        text: str,
        runbook_text: str,
        *,
        state: str | None = None,
    ) -> None:
        rule = CfnRule(
            self,
            event,
            state=state,
            description=text,
            event_pattern=pattern,
            targets=[CfnRule.TargetProperty(id="Log", arn=_without_suffix(self.log_group))],
        )
        self._rules.append(rule)
        alarm = cloudwatch.Alarm(
            self,
            f"{event}Alarm",
            alarm_description=f"{text}. {runbook_text}",
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
        self.alarms.append(alarm)

    def _log_statement(self, action: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            # The service writes with both principals (EventBridge, "Using resource-based policies", CloudWatch Logs).
            "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
            "Action": action,
            "Resource": self.log_group.log_group_arn,
        }


def _without_suffix(group: logs.LogGroup) -> str:
    """Return the group's ARN as a rule's target takes it, without the ``:*`` that CloudFormation appends."""
    return Stack.of(group).format_arn(service="logs", resource=f"log-group:{group.log_group_name}")
