"""Workspace of Amazon Managed Service for Prometheus (AMP), with production defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Arn, ArnFormat, CfnDeletionPolicy, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_logs as logs
from aws_cdk.aws_aps import CfnRuleGroupsNamespace, CfnWorkspace

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.references import keep_while_used, splittable
from cdk_penstock.model.regions import check_service
from cdk_penstock.observability.errors import MetricsWorkspaceError
from cdk_penstock.observability.metrics_workspace_base import IMetricsWorkspace, MetricsWorkspaceBase
from cdk_penstock.observability.metrics_workspace_props import LabelSetLimit, check_between
from cdk_penstock.observability.rule_files import read_alert_manager, read_rules
from cdk_penstock.observability.workspace_log import WorkspaceLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aws_cdk import aws_kms as kms
    from constructs import Construct

CREATE_ONLY_KEY: Final = "penstock:metricsWorkspaceKey"

_DEFAULT_RETENTION_DAYS: Final = 150
_MAX_RETENTION_DAYS: Final = 1095
_DEFAULT_OUT_OF_ORDER: Final = Duration.minutes(10)
_MAX_OUT_OF_ORDER_SECONDS: Final = 600
_MAX_RULE_QUERY_OFFSET_SECONDS: Final = 86_400
_ALIAS: Final = re.compile(r"[a-zA-Z0-9_.-]{1,100}")
"""Characters allowed both in an AMP alias and in the name of a log group."""
_ARN: Final = re.compile(r"arn:[^:]+:aps:[^:]+:[^:]+:workspace/[^/]+")
_MAX_NAMESPACE_CHARACTERS: Final = 64


class MetricsWorkspace(MetricsWorkspaceBase):
    """A workspace with encrypted logs, limits, rules and an alert manager.

    Parameters
    ----------
    workspace_alias
        Its name in the console and in the names of its log groups; renaming replaces these, not the workspace.
    encryption_key
        Key of the stored metrics, fixed at creation: setting, changing or removing it later creates a new, empty
        workspace and retains the old one, whatever ``removal_policy`` is. The deploying role needs ``kms:CreateGrant``,
        ``kms:Decrypt`` and ``kms:GenerateDataKey`` on it. Default: a key that AWS owns.
    retention_days
        Time for which samples are kept, 1 to 1095 days. Default: 150, as in AWS.
    out_of_order_time_window
        Age that a sample may have relative to the newest of its series, up to ten minutes. A restarted job sends
        samples since its last checkpoint again, and AMP refuses a whole request for one sample that is too old.
        Default: ten minutes (AWS: one).
    rule_query_offset
        Time that rules wait for late samples, up to a day. Default: none.
    limits
        Limits of active series per set of labels. Default: none.
    rules
        Rule files by namespace, as text or as a path: recording and alert rules in Prometheus's own YAML. Default:
        none.
    alert_manager
        The alert manager's definition, as text or as a path, with ``alertmanager_config`` at its top. Default: none.
    query_log_threshold_samples
        Number of processed samples from which a query is logged with its text and cost. None: no query log. Default: a
        million.
    log_retention, log_encryption_key
        Of both log groups. Default: 30 days, and a new key for each.
    removal_policy
        Of the workspace, its rules and its logs when they are deleted. A workspace that is replaced is always
        retained. Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises MetricsWorkspaceError for a value that the service would refuse. AMP checks the rest of the rules, and fails
    the deployment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workspace_alias: str,
        encryption_key: kms.IKey | None = None,
        retention_days: int = _DEFAULT_RETENTION_DAYS,
        out_of_order_time_window: Duration = _DEFAULT_OUT_OF_ORDER,
        rule_query_offset: Duration | None = None,
        limits: Sequence[LabelSetLimit] = (),
        rules: Mapping[str, str | Path] | None = None,
        alert_manager: str | Path | None = None,
        query_log_threshold_samples: int | None = 1_000_000,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        log_encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, MetricsWorkspaceError)
        check_service(CfnWorkspace.CFN_RESOURCE_TYPE_NAME, Stack.of(self).region)
        self.workspace_alias = _check_alias(workspace_alias)
        self._removal_policy = removal_policy
        self._log_retention = log_retention
        self._log_encryption_key = log_encryption_key
        self.log = self._build_log("Log", workspace_alias)
        self.query_log = (
            None if query_log_threshold_samples is None else self._build_log("QueryLog", f"{workspace_alias}/queries")
        )
        self.resource = CfnWorkspace(
            self,
            "Resource",
            alias=workspace_alias,
            kms_key_arn=encryption_key.key_arn if encryption_key else None,
            alert_manager_definition=None if alert_manager is None else read_alert_manager(alert_manager),
            logging_configuration=CfnWorkspace.LoggingConfigurationProperty(log_group_arn=self.log.group_arn),
            query_logging_configuration=_query_logging(self.query_log, query_log_threshold_samples),
            workspace_configuration=_configuration(
                retention_days, out_of_order_time_window, rule_query_offset, _check_limits(limits)
            ),
        )
        self.resource.apply_removal_policy(removal_policy)
        # A change of the key must not delete the metrics, even if the deletion of the stack may.
        self.resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
        keep_while_used(self.resource)
        self._workspace_id = self.resource.attr_workspace_id
        self._workspace_arn = self.resource.attr_arn
        self._region = Stack.of(self).region
        self._account = Stack.of(self).account
        for namespace, source in (rules or {}).items():
            self.add_rules(namespace, source)
        if encryption_key is not None:
            Annotations.of(self).add_info_v2(
                CREATE_ONLY_KEY,
                "encryption_key is fixed at creation: changing or removing it replaces the workspace by an empty one;"
                " the old one is retained under the old key",
            )

    @staticmethod
    def from_workspace_id(scope: Construct, construct_id: str, workspace_id: str) -> IMetricsWorkspace:
        """Import a workspace of this account and Region."""
        arn = Stack.of(scope).format_arn(service="aps", resource="workspace", resource_name=workspace_id)
        return _ImportedMetricsWorkspace(scope, construct_id, workspace_arn=arn)

    @staticmethod
    def from_workspace_arn(scope: Construct, construct_id: str, workspace_arn: str) -> IMetricsWorkspace:
        """Import a workspace of any account and Region; grants on one of another account warn."""
        return _ImportedMetricsWorkspace(scope, construct_id, workspace_arn=workspace_arn)

    def add_rules(self, namespace: str, source: str | Path) -> CfnRuleGroupsNamespace:
        """Add a namespace of recording and alert rules, as text or as a file.

        Raises MetricsWorkspaceError for a name that the service would refuse, and for text without rule groups.
        """
        if not 1 <= len(namespace) <= _MAX_NAMESPACE_CHARACTERS:
            raise MetricsWorkspaceError(
                f"a rule namespace has 1 to {_MAX_NAMESPACE_CHARACTERS} characters, got {namespace!r}"
            )
        rules = CfnRuleGroupsNamespace(
            self, f"Rules-{namespace}", workspace=self.workspace_arn, name=namespace, data=read_rules(source)
        )
        rules.apply_removal_policy(self._removal_policy)
        return rules

    def _build_log(self, construct_id: str, name: str) -> WorkspaceLog:
        return WorkspaceLog(
            self,
            construct_id,
            name=name,
            retention=self._log_retention,
            encryption_key=self._log_encryption_key,
            removal_policy=self._removal_policy,
        )


class _ImportedMetricsWorkspace(MetricsWorkspaceBase):
    def __init__(self, scope: Construct, construct_id: str, *, workspace_arn: str) -> None:
        super().__init__(scope, construct_id)
        self._workspace_arn = workspace_arn
        if not Token.is_unresolved(workspace_arn) and not _ARN.fullmatch(workspace_arn):
            raise MetricsWorkspaceError(
                f"expected the ARN of a workspace, arn:aws:aps:REGION:ACCOUNT:workspace/ID, got {workspace_arn!r}"
            )
        parts = Arn.split(splittable(workspace_arn, consumer=self), ArnFormat.SLASH_RESOURCE_NAME)
        self._workspace_id = parts.resource_name or ""
        self._region = parts.region or Stack.of(self).region
        self._account = parts.account or Stack.of(self).account


def _check_alias(alias: str) -> str:
    if not Token.is_unresolved(alias) and not _ALIAS.fullmatch(alias):
        raise MetricsWorkspaceError(f"workspace_alias must be 1 to 100 letters, digits, '_', '.' or '-', got {alias!r}")
    return alias


def _check_limits(limits: Sequence[LabelSetLimit]) -> Sequence[LabelSetLimit]:
    seen = [dict(limit.labels) for limit in limits]
    for labels in seen:
        if seen.count(labels) > 1:
            raise MetricsWorkspaceError(f"expected one limit for each set of labels, got several for {labels!r}")
    return limits


def _query_logging(
    log: WorkspaceLog | None, threshold_samples: int | None
) -> CfnWorkspace.QueryLoggingConfigurationProperty | None:
    if log is None or threshold_samples is None:
        return None
    if threshold_samples < 0:
        raise MetricsWorkspaceError(f"query_log_threshold_samples must be 0 or more, got {threshold_samples}")
    return CfnWorkspace.QueryLoggingConfigurationProperty(
        destinations=[
            CfnWorkspace.LoggingDestinationProperty(
                cloud_watch_logs=CfnWorkspace.CloudWatchLogDestinationProperty(log_group_arn=log.group_arn),
                filters=CfnWorkspace.LoggingFilterProperty(qsp_threshold=threshold_samples),
            )
        ]
    )


def _configuration(
    retention_days: int,
    out_of_order_time_window: Duration,
    rule_query_offset: Duration | None,
    limits: Sequence[LabelSetLimit],
) -> CfnWorkspace.WorkspaceConfigurationProperty:
    return CfnWorkspace.WorkspaceConfigurationProperty(
        retention_period_in_days=check_between("retention_days", retention_days, 1, _MAX_RETENTION_DAYS),
        out_of_order_time_window_in_seconds=check_between(
            "out_of_order_time_window in seconds", out_of_order_time_window.to_seconds(), 0, _MAX_OUT_OF_ORDER_SECONDS
        ),
        rule_query_offset_in_seconds=None
        if rule_query_offset is None
        else check_between(
            "rule_query_offset in seconds", rule_query_offset.to_seconds(), 0, _MAX_RULE_QUERY_OFFSET_SECONDS
        ),
        limits_per_label_sets=[
            CfnWorkspace.LimitsPerLabelSetProperty(
                label_set=[CfnWorkspace.LabelProperty(name=name, value=value) for name, value in limit.labels.items()],
                limits=CfnWorkspace.LimitsPerLabelSetEntryProperty(max_series=limit.max_series),
            )
            for limit in limits
        ]
        or None,
    )
