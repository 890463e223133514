"""Operator role, key, start and alarms of one application of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.encryption import CustomerManagedEncryption, KeyAudit, KeyGuard, KeyPolicyMode, OperatorRole
from cdk_penstock.lifecycle import KeptParallelism, VerifiedStart
from cdk_penstock.observability import ApplicationLogQueries, TransitionAlarm
from stacks.alarms import alarm_actions
from stacks.principals import principals

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import FlinkApplication
    from stacks.environment import EncryptionSettings, Environment

RUNBOOK: Final = "docs/runbook.md#the-job-has-failed"
"""The guide for whoever gets the alarm."""
TRANSITIONS_RUNBOOK: Final = "docs/runbooks/unexpected-transitions.md"


class ApplicationOperations(Construct):
    """The operator of an application, its key with a guard if the environment has one, and its start if asked for.

    Alarms go off while the job has failed, and when it takes more KPUs than it should. They notify the environment's
    topic, as those of the guard do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        environment: Environment,
        start: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._application = application
        self._environment = environment
        self._alarm_actions = alarm_actions(self, environment)
        self._alarm_on_downtime()
        application.add_kpu_alarm().add_alarm_action(*self._alarm_actions)
        ApplicationLogQueries(self, "LogQueries", application=application)
        transitions = TransitionAlarm(self, "Transitions", application=application, runbook=TRANSITIONS_RUNBOOK)
        transitions.alarm.add_alarm_action(*self._alarm_actions)
        self.operator: iam.Role | None = None
        """The operator role; None if the environment names nobody who may assume it."""
        if environment.operators is None:
            return
        operators = principals(self, environment.operators)
        self.operator = (
            self._build_operator(operators)
            if environment.encryption is None
            else self._encrypt(operators, environment.encryption)
        )
        self._output("OperatorRoleArn", self.operator.role_arn)
        if application.autoscaling is not None:
            # MSF refuses an update while it scales the application.
            KeptParallelism(self, "KeptParallelism", application=application, operator=self.operator)
        if start:
            VerifiedStart(self, "Start", application=application, operator=self.operator)

    def _alarm_on_downtime(self) -> None:
        """Alarm on what AWS recommends for all applications (managed-flink, monitoring-metrics-alarms)."""
        name = self._application.application_name
        alarm = cloudwatch.Alarm(
            self,
            "DowntimeAlarm",
            alarm_description=f"{name} has failed in each of two periods of five minutes: {RUNBOOK}",
            metric=self._application.metric_downtime(),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            # One restart, as MSF's maintenance brings it, is none.
            evaluation_periods=2,
            # An application that is stopped has no metrics.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(*self._alarm_actions)

    def _build_operator(self, operators: list[iam.IPrincipal]) -> OperatorRole:
        # In the place where CustomerManagedEncryption makes it, so that it stays when a key comes or goes.
        return OperatorRole(
            self._application,
            "Operator",
            application=self._application,
            execution_role_arn=self._application.role.role_arn,
            operators=operators,
        )

    def _encrypt(self, operators: list[iam.IPrincipal], settings: EncryptionSettings) -> OperatorRole:
        encryption = CustomerManagedEncryption(
            self,
            "Encryption",
            application=self._application,
            operators=operators,
            key_administrators=principals(self, settings.key_administrators),
            key_generation=settings.key_generation,
            close_previous_key=settings.close_previous_key,
            key_policy_mode=KeyPolicyMode(settings.key_policy),
            sensitive_data=self._environment.sensitive_data,
            key_removal_policy=RemovalPolicy.RETAIN if self._environment.retain_data else RemovalPolicy.DESTROY,
        )
        self._output("KeyArn", encryption.key_arn)
        self._guard(encryption)
        return encryption.operator

    def _guard(self, encryption: CustomerManagedEncryption) -> None:
        guard = KeyGuard(
            self,
            "KeyGuard",
            application=self._application,
            keys=[encryption.key, *([encryption.previous_key] if encryption.previous_key else [])],
            operators=[encryption.operator],
        )
        guard.add_alarm_action(*self._alarm_actions)
        audit = KeyAudit(self, "KeyAudit", application=self._application, operator=encryption.operator)
        audit.add_alarm_action(*self._alarm_actions)
        self._output("KeyGuardLogGroupName", guard.log_group.log_group_name)

    def _output(self, name: str, value: str) -> None:
        CfnOutput(Stack.of(self), f"{self._application.node.id}{name}", value=value)
