"""Alarms for whatever endangers the key of an application while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack
from aws_cdk import aws_logs as logs

from cdk_penstock.encryption.call_guard import CallGuard
from cdk_penstock.encryption.cloudformation_role import cloudformation_role_name
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.encryption.key_guard_patterns import (
    assumption_by_unknown,
    call_on_role,
    grant_outside_msf,
    key_call,
    key_change,
)
from cdk_penstock.encryption.operator_role import OperatorRole
from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region, require_key_region
from cdk_penstock.foundation.given_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from cdk_penstock.application import IFlinkApplication

_WITH_READ_ONLY_EVENTS: Final = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""CloudTrail calls AssumeRole read-only (EventBridge, "Receiving read-only management events from AWS services")."""
_DANGEROUS: Final[Mapping[str, str]] = {
    "DisableKey": "#key-disabled",
    "ScheduleKeyDeletion": "#key-scheduled-for-deletion",
    "PutKeyPolicy": "#key-policy-changed",
    "EnableKeyRotation": "#automatic-rotation-enabled",
}


class KeyGuard(CallGuard):
    """Notices who endangers a key in use, or becomes able to use it behind the operator's back.

    Watched are calls that disable, delete, open or rotate the key, grants that MSF does not make, a change of the
    application's key by anybody but the operator, and the operator itself: its trust and its policies, its assumption
    by anybody whom it was not made for, and the deletion of a role that the key's policy names.

    Each is an EventBridge rule on what CloudTrail records, an entry in a log group that says who did it, and an alarm.
    A deployment that changes the key's policy, the trust or the policies triggers the alarm as well, since
    CloudFormation is one who can.

    The account needs a CloudTrail trail that logs management events, read-only ones too, and does not exclude those of
    AWS KMS: the event history, which every account has, is not enough for EventBridge ("AWS service events delivered
    via CloudTrail"). Delivery takes minutes, and is best effort. EventBridge gets IAM's events in one Region of a
    partition only, us-east-1 in ``aws``: elsewhere, a rule there has to forward them. All guards of a stack share one
    of the ten resource policies that CloudWatch Logs allows an account in a Region.

    Parameters
    ----------
    application
        The application.
    keys
        Its key, and the previous one as long as snapshots are under it.
    operators
        The roles that may change the application's key. Who assumes one is watched where it is an OperatorRole, which
        knows for whom it was made.
    log_encryption_key
        The key of the log group; it has to let CloudWatch Logs use it. Default: the one that CloudWatch Logs owns.
    log_retention
        How long what happened is kept. Default: one year.

    Raises EncryptionError without a key or an operator, and for a key of another account or Region, whose events do not
    come here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: IFlinkApplication,
        keys: Sequence[kms.IKey],
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
        if not keys or not operators:
            raise EncryptionError(
                f"a guard needs a key and an operator, got {len(keys)} keys and {len(operators)} operators"
            )
        keys = [key_of(key, EncryptionError) for key in keys]
        for key in keys:
            _refuse_elsewhere(self, key)
        require_key_region(self, log_encryption_key, EncryptionError)
        for event, section in _DANGEROUS.items():
            self._watch_key_call(event, key_call(event, keys), section)
        self._watch_unknown_callers(keys, operators)
        self._watch_operators(operators)
        self._finish()

    def _watch_unknown_callers(self, keys: Sequence[kms.IKey], operators: Sequence[iam.IRole]) -> None:
        arns = [role.role_arn for role in operators]
        names = [role.role_name for role in operators]
        deployer = cloudformation_role_name(self)
        in_policy = names if deployer is None else [*names, deployer]
        made_here = [role for role in operators if isinstance(role, OperatorRole)]
        change = key_change(self._application_name, arns)
        self._watch_key_call("UpdateApplication", change, "#key-changed-outside-the-operator")
        self._watch_key_call("CreateGrant", grant_outside_msf(keys), "#grant-outside-of-msf")
        self._watch_key_call("DeleteRole", call_on_role("DeleteRole", in_policy), "#role-recreated")
        if made_here:
            # What is made after this guard, such as scaling, may act as the operator, too.
            pattern = Lazy.any(_Assumption(made_here, Stack.of(self).account))
            self._watch_key_call("AssumeRole", pattern, "#operator-assumed", state=_WITH_READ_ONLY_EVENTS)


@jsii.implements(IStableAnyProducer)
class _Assumption:
    """Pattern of an assumption of operator roles by somebody for whom they were not made by the end of the app."""

    def __init__(self, roles: Sequence[OperatorRole], account: str) -> None:
        self._roles, self._account = roles, account

    def produce(self) -> Mapping[str, Any]:
        trusted = dict.fromkeys(arn for role in self._roles for arn in role.trusted_arns)
        return assumption_by_unknown([role.role_arn for role in self._roles], list(trusted), self._account)


def _refuse_elsewhere(scope: Construct, key: kms.IKey) -> None:
    place = key.env
    if is_of_other_account(scope, place.account) or is_of_other_region(scope, place.region):
        raise EncryptionError(
            f"a guard must be in the account and Region of its keys, where CloudTrail's events are, got a key of"
            f" {place.account} and {place.region} in {scope.node.path}: add a KeyGuard there"
        )
