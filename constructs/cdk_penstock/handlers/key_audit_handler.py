"""The function that counts the open permission windows, and the snapshots under the AWS-owned key, of an application.

It only reads, with its own role: the operator role and its policies from IAM, the application and its snapshots from
MSF. The counts go into its log, as the metrics ``OpenPermissionWindows`` and ``AwsOwnedSnapshots``. A call that cannot
read everything fails, so that a number is never too low.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.control.permission_windows import KeyPermissions
from cdk_penstock.control.role_policies import RolePolicies
from cdk_penstock.control.snapshot_modes import key_managed_snapshots
from cdk_penstock.handlers.function_settings import read_settings
from cdk_penstock.handlers.metric_lines import write_metrics
from cdk_penstock.handlers.services import AwsServices
from cdk_penstock.model.keys.key_audit_settings import KeyAuditSettings
from cdk_penstock.model.keys.leftovers import aws_owned_snapshots, problem_with_snapshots, windows_beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.model.keys import Snapshot

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)


class KeyAudit:
    """Counts for one application, with the clients it is given."""

    def __init__(self, settings: KeyAuditSettings, services: AwsServices) -> None:
        self._settings = settings
        self._services = services
        self._application = ApplicationControl(
            services.client("kinesisanalyticsv2"), settings.application_name, clock=services.clock
        )

    def handle(self) -> dict[str, int]:
        """Count, write the metrics, and return them."""
        detail = self._application.describe()
        windows = windows_beside(detail.encryption, self._key_permissions(detail).policies)
        counts = {"OpenPermissionWindows": len(windows)}
        problem = None
        snapshots = self._snapshots(detail)
        if snapshots is not None:
            left = aws_owned_snapshots(detail.encryption, snapshots)
            counts["AwsOwnedSnapshots"] = len(left)
            problem = problem_with_snapshots(detail.name, detail.encryption, len(left))
        write_metrics(
            counts,
            dimensions={"Application": detail.name},
            at=self._services.clock.now(),
            ConfiguredKey=str(detail.encryption),
            Windows={key_arn: list(policies) for key_arn, policies in windows.items()},
            Snapshots=problem or "",
        )
        return counts

    def _key_permissions(self, detail: ApplicationDetail) -> KeyPermissions:
        role_name = self._settings.operator_role_arn.rpartition("/")[2]
        policies = RolePolicies(self._services.client("iam"), role_name, clock=self._services.clock)
        found = KeyPermissions.of(policies.read(), application_arn=detail.arn)
        if found.unread:
            raise MissingPermissionError(
                f"cannot count the permission windows of {role_name}: {', '.join(found.unread)} cannot be read; deploy"
                " again, which gives the function its permissions back"
            )
        return found

    def _snapshots(self, detail: ApplicationDetail) -> tuple[Snapshot, ...] | None:
        if detail.enhanced_snapshots:
            # The key of an enhanced snapshot is not documented.
            return None
        return key_managed_snapshots(self._application, detail).list()


def handle(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Answer the schedule."""
    del event, context
    try:
        return KeyAudit(read_settings(KeyAuditSettings), AwsServices()).handle()
    except ControlError as error:
        _LOG.error("%s", error)
        raise
