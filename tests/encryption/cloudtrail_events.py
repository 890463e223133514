"""Events as EventBridge delivers them from CloudTrail, about a guarded application and its keys."""

from __future__ import annotations

from typing import Any

from tests.encryption.conftest import ACCOUNT, REGION

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
PREVIOUS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/2"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/10"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/Operator"


def key_event(name: str, key: str = KEY, *, named: str | None = None) -> dict[str, Any]:
    """Return what CloudTrail records of a call on a key, by default by its id (KMS, "Logging with CloudTrail")."""
    return {
        "source": "aws.kms",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "kms.amazonaws.com",
            "eventName": name,
            "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/Alice"},
            "requestParameters": {"keyId": key.rpartition("/")[2] if named is None else named},
            "responseElements": None,
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}],
        },
    }


def update_event(issuer: str | None) -> dict[str, Any]:
    session = {} if issuer is None else {"sessionContext": {"sessionIssuer": {"type": "Role", "arn": issuer}}}
    return {
        "source": "aws.kinesisanalytics",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "kinesisanalytics.amazonaws.com",
            "eventName": "UpdateApplication",
            "userIdentity": {"type": "AssumedRole" if issuer else "IAMUser", **session},
            "requestParameters": {
                "applicationName": "orders",
                "applicationConfigurationUpdate": {
                    "applicationEncryptionConfigurationUpdate": {"keyTypeUpdate": "AWS_OWNED_KEY"}
                },
            },
        },
    }


def grant_event(key: str = KEY, *, invoked_by: str | None = None) -> dict[str, Any]:
    """Return what CloudTrail records of a grant, made by a person or by an AWS service (KMS, CreateGrant)."""
    event = key_event("CreateGrant", key)
    if invoked_by is not None:
        event["detail"]["userIdentity"] = {"type": "AWSService", "invokedBy": invoked_by}
    return event


def role_event(name: str, role: str) -> dict[str, Any]:
    """Return what CloudTrail records of a call of IAM on a role, by its name."""
    return {
        "source": "aws.iam",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "iam.amazonaws.com",
            "eventName": name,
            "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/Alice"},
            "requestParameters": {"roleName": role},
        },
    }


def assumption_event(caller: dict[str, Any], role: str = OPERATOR) -> dict[str, Any]:
    """Return what CloudTrail records of a role's assumption (IAM, "Logging IAM and STS API calls")."""
    return {
        "source": "aws.sts",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole",
            "userIdentity": caller,
            "requestParameters": {"roleArn": role, "roleSessionName": "s"},
        },
    }


def by_role(arn: str) -> dict[str, Any]:
    """Return the identity of a session of a role."""
    session = {"sessionIssuer": {"type": "Role", "arn": arn}}
    return {"type": "AssumedRole", "arn": f"{arn.replace(':iam:', ':sts:')}/s", "sessionContext": session}


def by_user(arn: str) -> dict[str, Any]:
    """Return the identity of a user, without a session."""
    return {"type": "IAMUser", "arn": arn, "accountId": arn.split(":")[4]}


def by_account(account: str) -> dict[str, Any]:
    """Return what is recorded of a caller in another account."""
    return {"type": "AWSAccount", "principalId": "AROAEXAMPLE:s", "accountId": account}
