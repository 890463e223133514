"""The encryption of an application, or of one of its snapshots.

Sources: managed-flink key-management-flink and manage-cmk-api.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from cdk_penstock.model.errors import PenstockError

_KEY_ARN: Final = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):(\d{12}):key/([A-Za-z0-9-]+)")
_BARE_KEY_ID: Final = re.compile(r"(?:mrk-)?[0-9a-f-]{32,40}")
_APPLICATION_ARN_PARTS: Final = 6


def is_key_arn(text: str) -> bool:
    """Return True for the ARN of one KMS key."""
    return _KEY_ARN.fullmatch(text) is not None


class KeyType(StrEnum):
    """The owner of a key, as MSF names it."""

    AWS_OWNED_KEY = "AWS_OWNED_KEY"
    CUSTOMER_MANAGED_KEY = "CUSTOMER_MANAGED_KEY"


@dataclass(frozen=True, kw_only=True)
class KeyArn:
    """The parts of a KMS key's ARN.

    Raises PenstockError when parsing anything else: an alias can be moved to another key without the application
    following, so keys are compared by their ARN alone.
    """

    partition: str
    region: str
    account: str
    key_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parts of a key ARN."""
        match = _KEY_ARN.fullmatch(text)
        if match is None:
            raise PenstockError(
                f"expected the ARN of a KMS key, arn:aws:kms:<region>:<account>:key/<id>, got {text!r}: aws kms"
                " describe-key shows it, also for an alias"
            )
        return cls(partition=match[1], region=match[2], account=match[3], key_id=match[4])

    @classmethod
    def beside(cls, application_arn: str, key_id: str) -> Self:
        """Return the ARN of a key in the application's own account and Region, the only place it can be."""
        parts = application_arn.split(":")
        if len(parts) != _APPLICATION_ARN_PARTS:
            raise PenstockError(f"expected the ARN of an application, got {application_arn!r}")
        return cls(partition=parts[1], region=parts[3], account=parts[4], key_id=key_id)

    def __str__(self) -> str:
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/{self.key_id}"


@dataclass(frozen=True, kw_only=True)
class KeyAssignment:
    """MSF's ApplicationEncryptionConfiguration: the type of key and, for a customer managed key, its ARN.

    Raises PenstockError for a customer managed key without an ARN, and for an AWS-owned key with one.
    """

    key_type: KeyType = KeyType.AWS_OWNED_KEY
    key_arn: str | None = None

    def __post_init__(self) -> None:
        """Refuse what MSF would refuse."""
        if (self.key_type is KeyType.CUSTOMER_MANAGED_KEY) != (self.key_arn is not None):
            raise PenstockError(f"{self.key_type} takes {'no' if self.key_arn else 'a'} key ARN, got {self.key_arn}")

    @classmethod
    def customer_managed(cls, key_arn: str) -> Self:
        """Return the configuration with this key, whose ARN is checked."""
        return cls(key_type=KeyType.CUSTOMER_MANAGED_KEY, key_arn=str(KeyArn.parse(key_arn)))

    @classmethod
    def described(cls, key_type: str | None, key_id: str | None, *, application_arn: str) -> Self:
        """Return what MSF describes, on the canonical key ARN; nothing described is the AWS-owned key."""
        if key_type != KeyType.CUSTOMER_MANAGED_KEY or not key_id:
            return cls()
        if _BARE_KEY_ID.fullmatch(key_id):
            key_id = str(KeyArn.beside(application_arn, key_id))
        return cls(key_type=KeyType.CUSTOMER_MANAGED_KEY, key_arn=key_id)

    @property
    def keys(self) -> frozenset[str]:
        """The ARNs of the customer managed keys in it: one, or none, since the AWS-owned key needs no permission."""
        return frozenset() if self.key_arn is None else frozenset({self.key_arn})

    def __str__(self) -> str:
        return self.key_arn or "the AWS-owned key"


AWS_OWNED: Final = KeyAssignment()
"""The default, which needs no permission of anybody."""
