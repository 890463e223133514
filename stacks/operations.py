"""Operator role, key, start and alarms of one application of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from constructs import Construct

from cdk_penstock.encryption import (
    CustomerManagedEncryption,
    KeyAudit,
    KeyGuard,
    KeyPolicyMode,
    OperatorGuard,
    OperatorRole,
)
from cdk_penstock.lifecycle import KeptParallelism, VerifiedStart
from cdk_penstock.observability import ApplicationLogQueries, TransitionAlarm
from cdk_penstock.observability.alarms import AlarmNotification, ApplicationAlarms
from stacks.alarms import alarm_topic
from stacks.principals import principals

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import FlinkApplication
    from stacks.environment import EncryptionSettings, Environment


class ApplicationOperations(Construct):
    """The operator of an application, its key with a guard if the environment has one, and its start if asked for.

    Its alarms page or make a ticket through the environment's topic, with those of the key and of the operator role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplication,
        environment: Environment,
        start: bool,
        uses_event_time: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self._application = application
        self._environment = environment
        self.alarms = ApplicationAlarms(
            self,
            "Alarms",
            application=application,
            page_notification=AlarmNotification.topic(alarm_topic(self, environment)),
            # What a deployment does not start is started and stopped by hand.
            has_to_run=start,
            uses_event_time=uses_event_time,
        )
        """The alarms of the application; those of its source and of its counters are to be added."""
        transitions = TransitionAlarm(self, "Transitions", application=application)
        self.alarms.add_ticket_alarms(application.add_kpu_alarm(), transitions.alarm)
        ApplicationLogQueries(self, "LogQueries", application=application)
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

    def _build_operator(self, operators: list[iam.IPrincipal]) -> OperatorRole:
        # In the place where CustomerManagedEncryption makes it, so that it stays when a key comes or goes.
        operator = OperatorRole(
            self._application,
            "Operator",
            application=self._application,
            execution_role_arn=self._application.role.role_arn,
            operators=operators,
        )
        guard = OperatorGuard(self, "OperatorGuard", application=self._application, operators=[operator])
        self.alarms.add_page_alarms(*guard.alarms)
        return operator

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
        self.alarms.add_page_alarms(*guard.alarms)
        audit = KeyAudit(self, "KeyAudit", application=self._application, operator=encryption.operator)
        self.alarms.add_ticket_alarms(*audit.alarms)
        self._output("KeyGuardLogGroupName", guard.log_group.log_group_name)

    def _output(self, name: str, value: str) -> None:
        CfnOutput(Stack.of(self), f"{self._application.node.id}{name}", value=value)
