"""Access of the commands to one application: its clients, the clock, and the form of what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import typer
from botocore.config import Config

from cdk_penstock.cli.aws_session import aws_access, open_sessions
from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_look import describe_application
from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.clients import Clock, FlinkClient, LogsClient, S3Client
from cdk_penstock.control.key_viewers import KeyViewers
from cdk_penstock.control.kms_keys import KmsKeys

if TYPE_CHECKING:
    from collections.abc import Iterable

# Whoever waits for an answer would rather have an error than the minutes that boto3 waits by default.
_CONFIG: Final = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
# S3 answers an upload when it has the last byte.
_UPLOAD_CONFIG: Final = Config(connect_timeout=10, read_timeout=300, retries={"mode": "standard"})


@dataclass(frozen=True, kw_only=True)
class ApplicationAccess:
    """One application, with the clients that reach it.

    Parameters
    ----------
    name
        The application's name.
    client
        MSF, as the operator role if there is one, else as the caller.
    caller
        The session of the caller: for everything but calls of MSF about this application.
    clock
        The time.
    operator_arn
        The operator role, None if the caller calls MSF.
    operator
        The session of the operator role, None if the caller calls MSF.
    """

    name: str
    client: FlinkClient
    caller: Any
    clock: Clock
    operator_arn: str | None = None
    operator: Any = None

    def describe(self) -> dict[str, Any]:
        """Return the ApplicationDetail; raise at once if there is no such application, or the caller may not see it."""
        return describe_application(self.client, self.name, clock=self.clock)

    def beside(self, name: str) -> ApplicationAccess:
        """Return the access to another application, as the caller: the operator role is for this one alone."""
        client = self.caller.client("kinesisanalyticsv2", config=_CONFIG)
        return ApplicationAccess(name=name, client=client, caller=self.caller, clock=self.clock)

    @property
    def control(self) -> ApplicationControl:
        """The operations of the application."""
        return ApplicationControl(self.client, self.name, clock=self.clock)

    @property
    def versions(self) -> ApplicationVersions:
        """The versions of the application."""
        return ApplicationVersions(self.client, self.name, clock=self.clock)

    @property
    def keys(self) -> KmsKeys:
        """The keys of the account, as the caller."""
        return KmsKeys(self.caller.client("kms", config=_CONFIG), clock=self.clock)

    @property
    def key_viewers(self) -> KeyViewers:
        """The keys of the account, as the caller, and as the operator role, which may look at its keys."""
        others = [] if self.operator is None else [self.operator.client("kms", config=_CONFIG)]
        return KeyViewers(self.keys, *(KmsKeys(client, clock=self.clock) for client in others))

    @property
    def s3(self) -> S3Client:
        """S3, as the caller."""
        client: S3Client = self.caller.client("s3", config=_UPLOAD_CONFIG)
        return client

    @property
    def logs(self) -> LogsClient:
        """CloudWatch Logs, as the caller."""
        client: LogsClient = self.caller.client("logs", config=_CONFIG)
        return client


def open_access(
    application: str, region: str | None, profile: str | None, operator_role: str | None
) -> ApplicationAccess:
    """Return the access to an application."""
    caller, operator = open_sessions(application, region, profile, operator_role)
    client = operator.client("kinesisanalyticsv2", config=_CONFIG)
    return ApplicationAccess(
        name=application,
        client=client,
        caller=caller,
        clock=aws_access.clock,
        operator_arn=operator_role,
        operator=None if operator_role is None else operator,
    )


def show_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    shown = list(pairs)
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        typer.echo(f"  {name:<{width}}  {value}")
