"""The clients and the time of a handler; a test gives it others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_operation import ApplicationOperation
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.operator_session import operator_session
from cdk_penstock.control.parallelism_control import ParallelismControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.clients import Ec2Client, FlinkClient
    from cdk_penstock.control.kafka_brokers import KafkaClient
    from cdk_penstock.control.stack_deployment import CloudFormationClient


CLIENT_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=30)


@dataclass(frozen=True, kw_only=True)
class AwsServices:
    """Clients of the function's own role.

    Parameters
    ----------
    new_session
        Builds a session as ``boto3.Session`` does, which is the default.
    clock
        The time.
    """

    new_session: Callable[..., Any] = boto3.Session
    clock: Clock = field(default_factory=Clock)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        return self.new_session().client(service, config=CLIENT_CONFIG)


@dataclass(frozen=True, kw_only=True)
class Services(AwsServices):
    """Clients of the function's own role, and of the operator role that it assumes.

    Parameters
    ----------
    open_dashboard
        Opens Flink's REST API through what creates a presigned URL.
    """

    open_dashboard: Callable[[Callable[[], str]], FlinkDashboard] = FlinkDashboard

    def operation(self, name: str, operator_role_arn: str) -> ApplicationOperation:
        """Return the application with all that a plan needs, as its operator."""
        return ApplicationOperation(
            client=self.operator_client(name, operator_role_arn),
            name=name,
            clock=self.clock,
            open_dashboard=self.open_dashboard,
        )

    def application_control(self, name: str, operator_role_arn: str) -> ApplicationControl:
        """Return the application as its operator."""
        return ApplicationControl(self.operator_client(name, operator_role_arn), name, clock=self.clock)

    def parallelism_control(self, name: str, operator_role_arn: str) -> ParallelismControl:
        """Return the application's parallelism as its operator."""
        return ParallelismControl(self.operator_client(name, operator_role_arn), name, clock=self.clock)

    def key_preflight(self, name: str, operator_role_arn: str) -> KeyPreflight:
        """Return the check of the application's keys as its operator, who may look at them."""
        keys = KmsKeys(self._client_as_operator("kms", name, operator_role_arn), clock=self.clock)
        return KeyPreflight(keys, operator_arn=operator_role_arn)

    def operator_client(self, name: str, operator_role_arn: str) -> FlinkClient:
        """Return MSF as the application's operator; the credentials are new with each call, and last for an hour."""
        return cast("FlinkClient", self._client_as_operator("kinesisanalyticsv2", name, operator_role_arn))

    def _client_as_operator(self, service: str, name: str, operator_role_arn: str) -> Any:
        own = self.new_session()
        session = operator_session(
            own.client("sts", config=CLIENT_CONFIG),
            role_arn=operator_role_arn,
            application_name=name,
            region=own.region_name,
            new_session=self.new_session,
            clock=self.clock,
        )
        return session.client(service, config=CLIENT_CONFIG)

    def kafka(self) -> KafkaClient:
        """Return ``kafka`` with the function's own role."""
        return cast("KafkaClient", self.client("kafka"))

    def cloudformation(self) -> CloudFormationClient:
        """Return ``cloudformation`` with the function's own role."""
        return cast("CloudFormationClient", self.client("cloudformation"))

    def ec2(self) -> Ec2Client:
        """Return ``ec2`` with the function's own role."""
        return cast("Ec2Client", self.client("ec2"))
