"""Log of a metrics workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from constructs import Construct

from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.log_encryption import build_log_group

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_logs as logs

LOG_GROUP_PREFIX: Final = "/aws/vendedlogs/prometheus/"
"""With this prefix the account's log delivery policy does not exceed its limit (CloudWatch Logs, vended logs)."""


class WorkspaceLog(Construct):
    """An encrypted log group with retention, with AWS's prefix for vended logs.

    CloudWatch Logs may use its key for every log group with that prefix in this account and Region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group_name = f"{LOG_GROUP_PREFIX}{name}"
        self.encryption_key = encryption_key or build_key(
            self, description=f"Log {group_name}", removal_policy=removal_policy
        )
        self.group = build_log_group(
            self,
            name=group_name,
            retention=retention,
            encryption_key=self.encryption_key,
            removal_policy=removal_policy,
            # After a rename the old log group is kept and must stay readable with this key.
            names_under_key=f"{LOG_GROUP_PREFIX}*",
        )

    @property
    def group_arn(self) -> str:
        """The log group's ARN with ``:*`` at its end, as Managed Prometheus needs it (CloudWatchLogDestination)."""
        return self.group.log_group_arn
