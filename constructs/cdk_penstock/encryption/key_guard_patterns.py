"""Patterns of EventBridge for the CloudTrail events of calls that endanger a key, or change who may operate.

Sources: KMS, "Logging with CloudTrail"; CloudTrail, "userIdentity element"; EventBridge, "Creating event patterns".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.names import SERVICE_PRINCIPAL
from cdk_penstock.model.policies.key_policy import INFRASTRUCTURE_PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

_API_CALL: Final = "AWS API Call via CloudTrail"
_ABSENT: Final = [{"exists": False}]
_ACCOUNT: Final = 4
"""Index of the account among the parts of an ARN."""

_GIVING_ON_ROLE: Final = (
    "UpdateAssumeRolePolicy",
    "AttachRolePolicy",
    "DeleteRolePermissionsBoundary",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
)
_GIVING_ON_POLICY: Final = ("CreatePolicyVersion", "SetDefaultPolicyVersion")

Pattern = dict[str, Any]


def key_call(event: str, keys: Sequence[kms.IKey]) -> Pattern:
    """Return the pattern of a call on one of the keys that succeeded.

    ``resources`` has the key's ARN (KMS, "Logging with CloudTrail"). ``requestParameters`` repeat what the caller
    wrote, id or ARN, and find the key in a record without ``resources``.
    """
    arns = [key.key_arn for key in keys]
    named = [*arns, *(key.key_id for key in keys)]
    return _call("kms", event, {"$or": [{"resources": {"ARN": arns}}, {"requestParameters": {"keyId": named}}]})


def grant_outside_msf(keys: Sequence[kms.IKey]) -> Pattern:
    """Return the pattern of a grant on one of the keys that MSF does not make, for itself or for an operator."""
    pattern = key_call("CreateGrant", keys)
    by_others = [{"anything-but": [SERVICE_PRINCIPAL, INFRASTRUCTURE_PRINCIPAL]}]
    pattern["detail"]["userIdentity"] = {"$or": [{"invokedBy": by_others}, {"invokedBy": _ABSENT}]}
    return pattern


def key_change(application_name: str, operator_arns: Sequence[str]) -> Pattern:
    """Return the pattern of an update of the application's key by anybody but the operators, also without a role."""
    issuers: tuple[list[Any], ...] = ([{"anything-but": list(operator_arns)}], _ABSENT)
    detail = {
        "requestParameters": {
            "applicationName": [application_name],
            "applicationConfigurationUpdate": {
                "applicationEncryptionConfigurationUpdate": {"keyTypeUpdate": [{"exists": True}]}
            },
        },
        "$or": [{"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": issuer}}}} for issuer in issuers],
    }
    return _call("kinesisanalytics", "UpdateApplication", detail)


def call_on_role(event: str, role_names: Sequence[str]) -> Pattern:
    """Return the pattern of a call of IAM on one of the roles that succeeded."""
    return _call("iam", event, {"requestParameters": {"roleName": list(role_names)}})


def operator_change(role_names: Sequence[str], policy_arns: Sequence[str]) -> Pattern:
    """Return the pattern of a call that changes who may assume one of the roles, or that gives it permissions."""
    on_role = {"requestParameters": {"roleName": list(role_names)}}
    if not policy_arns:
        return _call("iam", _GIVING_ON_ROLE, on_role)
    on_policy = {"eventName": list(_GIVING_ON_POLICY), "requestParameters": {"policyArn": list(policy_arns)}}
    any_of = [{"eventName": list(_GIVING_ON_ROLE), **on_role}, on_policy]
    return _call("iam", (*_GIVING_ON_ROLE, *_GIVING_ON_POLICY), {"$or": any_of})


def assumption_by_unknown(operator_arns: Sequence[str], trusted: Sequence[str], account: str) -> Pattern:
    """Return the pattern of an operator role's assumption by somebody else than the trusted, ARNs with ``*``.

    A caller is known by the role behind its session, or by its own ARN without one, as a user is. Of one in another
    account nothing but the account is recorded: the caller counts as unknown if no trusted one is in that account.
    """
    others = [{"anything-but": {"wildcard": list(trusted)}}]
    accounts = dict.fromkeys([account, *(arn.split(":")[_ACCOUNT] for arn in trusted if arn.startswith("arn:"))])
    other_accounts = [{"anything-but": list(accounts)}]
    callers = [
        {"sessionContext": {"sessionIssuer": {"arn": others}}},
        {"sessionContext": {"sessionIssuer": {"arn": _ABSENT}}, "arn": others},
        {"sessionContext": {"sessionIssuer": {"arn": _ABSENT}}, "arn": _ABSENT, "accountId": other_accounts},
    ]
    detail = {"requestParameters": {"roleArn": list(operator_arns)}, "userIdentity": {"$or": callers}}
    return _call("sts", "AssumeRole", detail)


def _call(service: str, event: str | Sequence[str], detail: Pattern) -> Pattern:
    return {
        "source": [f"aws.{service}"],
        "detail-type": [_API_CALL],
        "detail": {
            "eventSource": [f"{service}.amazonaws.com"],
            "eventName": [event] if isinstance(event, str) else list(event),
            "errorCode": _ABSENT,
            **detail,
        },
    }
