"""The clients and the time of a handler; a test gives it others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.operator_session import operator_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.clients import Ec2Client
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


class Services(AwsServices):
    """Clients of the function's own role, and of the operator role that it assumes."""

    def application_control(self, name: str, operator_role_arn: str) -> ApplicationControl:
        """Return the application as its operator; the credentials are new with each call, and last for an hour."""
        client = self._operator_client("kinesisanalyticsv2", name, operator_role_arn)
        return ApplicationControl(client, name, clock=self.clock)

    def key_preflight(self, name: str, operator_role_arn: str) -> KeyPreflight:
        """Return the check of the application's keys as its operator, who may look at them."""
        keys = KmsKeys(self._operator_client("kms", name, operator_role_arn), clock=self.clock)
        return KeyPreflight(keys, operator_arn=operator_role_arn)

    def _operator_client(self, service: str, name: str, operator_role_arn: str) -> Any:
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
