"""Logs of a search domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch
from constructs import Construct

from cdk_penstock.foundation.log_encryption import allow_cloudwatch_logs, log_group_arn
from cdk_penstock.foundation.log_writers import LogWriters

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms

_KINDS: Final = ("search-slow-logs", "index-slow-logs", "application-logs", "audit-logs")


class SearchLogs(Construct):
    """Encrypted log groups for slow searches, slow indexing, errors and audit, and the policy to write to them.

    The policy is a native resource, instead of the CDK's Lambda function. All domains of a stack share it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        domain_arn: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = f"/aws/OpenSearchService/domains/{domain_name}/"
        allow_cloudwatch_logs(self, encryption_key, [f"{self._prefix}{kind}" for kind in _KINDS])
        self.groups = {
            kind: logs.LogGroup(
                self,
                kind,
                log_group_name=f"{self._prefix}{kind}",
                retention=retention,
                encryption_key=encryption_key,
                removal_policy=removal_policy,
            )
            for kind in _KINDS
        }
        self.policy = self._let_domain_write(domain_arn, removal_policy)

    def options(self) -> opensearch.LoggingOptions:
        """Return the log groups in the CDK's form."""
        return opensearch.LoggingOptions(
            slow_search_log_enabled=True,
            slow_search_log_group=self.groups["search-slow-logs"],
            slow_index_log_enabled=True,
            slow_index_log_group=self.groups["index-slow-logs"],
            app_log_enabled=True,
            app_log_group=self.groups["application-logs"],
            audit_log_enabled=True,
            audit_log_group=self.groups["audit-logs"],
        )

    def _let_domain_write(self, domain_arn: str, removal_policy: RemovalPolicy) -> logs.CfnResourcePolicy:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "es.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"{log_group_arn(self, f'{self._prefix}{kind}')}:*" for kind in _KINDS],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
                "ArnEquals": {"aws:SourceArn": domain_arn},
            },
        }
        return LogWriters.of(self, "Search").allow([statement], removal_policy=removal_policy)
