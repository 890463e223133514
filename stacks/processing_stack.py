"""The stack that runs the job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction

from penstock.application import (
    ApplicationCode,
    FlinkApplicationProps,
    FlinkRuntime,
    LogLevel,
    MetricsLevel,
    PyFlinkApplication,
    PyFlinkLayout,
)
from penstock.encryption import CustomerManagedEncryption, KeyGuard, KeyPolicyMode, OperatorRole
from penstock.lifecycle import ApplicationStart
from stacks.log_retention import log_retention
from stacks.principals import principals

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environment import ApplicationSettings, CodeSettings, Environment

__all__ = ("ProcessingStack",)

PREBUILT_PACKAGE: Final = "package"
"""Context key with a zip that is built already, for synthesis without Java and Maven: ``-c package=job.zip``."""

_REPOSITORY: Final = Path(__file__).resolve().parent.parent


class ProcessingStack(Stack):
    """The vehicle-metrics job as an application on Managed Service for Apache Flink."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, description=f"penstock {environment.name}: processing")
        self.environment_settings = environment
        self.application = self._build_application()
        self.operator = self._build_operator()
        if self.operator is not None and environment.application.start:
            ApplicationStart(self, "Start", application=self.application, operator=self.operator)
        self._build_outputs()

    def _build_application(self) -> PyFlinkApplication:
        settings = self.environment_settings.application
        return PyFlinkApplication(self, "VehicleMetrics", code=self._code(settings.code), **self._props(settings))

    def _build_operator(self) -> OperatorRole | None:
        """Return the role that operates the application, and that puts it under its key if it has one."""
        environment = self.environment_settings
        if environment.operators is None:
            return None
        operators = principals(self, environment.operators)
        if environment.encryption is None:
            return OperatorRole(
                self,
                "Operator",
                application=self.application,
                execution_role_arn=self.application.role.role_arn,
                operators=operators,
            )
        settings = environment.encryption
        encryption = CustomerManagedEncryption(
            self,
            "Encryption",
            application=self.application,
            operators=operators,
            key_administrators=principals(self, settings.key_administrators),
            key_generation=settings.key_generation,
            close_previous_key=settings.close_previous_key,
            key_policy_mode=KeyPolicyMode(settings.key_policy),
            sensitive_data=environment.sensitive_data,
            key_removal_policy=self._removal_policy,
        )
        CfnOutput(self, "KeyArn", value=encryption.key_arn)
        self._guard(encryption)
        return encryption.operator

    def _guard(self, encryption: CustomerManagedEncryption) -> None:
        keys = [encryption.key, *([encryption.previous_key] if encryption.previous_key else [])]
        guard = KeyGuard(self, "KeyGuard", application=self.application, keys=keys, operators=[encryption.operator])
        if self.environment_settings.alarm_topic is not None:
            topic = sns.Topic.from_topic_arn(self, "AlarmTopic", self.environment_settings.alarm_topic)
            guard.add_alarm_action(SnsAction(topic))
        CfnOutput(self, "KeyGuardLogGroupName", value=guard.log_group.log_group_name)

    @property
    def _removal_policy(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self.environment_settings.retain_data else RemovalPolicy.DESTROY

    def _props(self, settings: ApplicationSettings) -> FlinkApplicationProps:
        environment = self.environment_settings
        props = FlinkApplicationProps(
            application_name=settings.name,
            description=f"Vehicle metrics, {environment.name}",
            runtime=FlinkRuntime.of(settings.runtime),
            parallelism=settings.parallelism,
            parallelism_per_kpu=settings.parallelism_per_kpu,
            max_kpus=settings.max_kpus,
            auto_scaling_enabled=settings.auto_scaling,
            checkpoint_interval=Duration.seconds(settings.checkpoint_interval_seconds),
            log_level=LogLevel(settings.log_level),
            log_retention=log_retention(settings.log_retention_days),
            metrics_level=MetricsLevel(settings.metrics_level),
            property_groups=settings.properties,
            removal_policy=self._removal_policy,
        )
        if settings.maintenance_window_start_time is not None:
            props["maintenance_window_start_time"] = settings.maintenance_window_start_time
        if environment.network is not None:
            props["vpc"] = ec2.Vpc.from_lookup(self, "Vpc", vpc_id=environment.network.vpc_id)
        return props

    def _code(self, settings: CodeSettings) -> ApplicationCode:
        prebuilt = self.node.try_get_context(PREBUILT_PACKAGE)
        if prebuilt is not None:
            return ApplicationCode.from_asset(prebuilt, entry_point=settings.entry_point)
        if settings.folder is not None:
            return ApplicationCode.from_pyflink_folder(_REPOSITORY / settings.folder, entry_point=settings.entry_point)
        if settings.package is not None:
            return ApplicationCode.from_asset(_REPOSITORY / settings.package, entry_point=settings.entry_point)
        return ApplicationCode.from_bucket(
            s3.Bucket.from_bucket_name(self, "CodeBucket", str(settings.bucket)),
            str(settings.object_key),
            object_version=settings.object_version,
            pyflink=PyFlinkLayout(entry_point=settings.entry_point),
        )

    def _build_outputs(self) -> None:
        CfnOutput(self, "ApplicationName", value=self.application.application_name)
        CfnOutput(self, "LogGroupName", value=self.application.log.group.log_group_name)
        if self.operator is not None:
            CfnOutput(self, "OperatorRoleArn", value=self.operator.role_arn)
