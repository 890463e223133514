"""An alarm for changes of who may operate an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs

from cdk_penstock.encryption.call_guard import CallGuard
from cdk_penstock.encryption.errors import EncryptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from cdk_penstock.application import IFlinkApplication


class OperatorGuard(CallGuard):
    """Notices who changes the operator role of an application without a customer managed key.

    Watched are calls that change who may assume the role, or that give it a policy: its trust, inline and attached
    policies, its permissions boundary, and versions of the policy that an OperatorRole has. With a key, KeyGuard does
    this and more.

    What KeyGuard says of CloudTrail, of IAM's events in one Region and of deployments is true here, too.

    Parameters
    ----------
    application
        The application.
    operators
        The roles that operate it.
    log_encryption_key
        The key of the log group; it has to let CloudWatch Logs use it. Default: the one that CloudWatch Logs owns.
    log_retention
        How long what happened is kept. Default: one year.

    Raises EncryptionError without an operator.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        operators: Sequence[iam.IRole],
        log_encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            application=application,
            log_encryption_key=log_encryption_key,
            log_retention=log_retention,
        )
        if not operators:
            raise EncryptionError("a guard of operators needs a role, got none: name those that operate")
        self._watch_operators(operators)
        self._finish()
