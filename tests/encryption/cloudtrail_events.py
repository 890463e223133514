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
