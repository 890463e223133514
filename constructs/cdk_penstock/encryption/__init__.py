"""The customer-managed-key sequence for applications on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from cdk_penstock.encryption.application_key import ApplicationKey, KeyPolicyMode
from cdk_penstock.encryption.customer_managed_encryption import CustomerManagedEncryption
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.encryption.key_administrator import KeyAdministrator
from cdk_penstock.encryption.key_audit import KeyAudit
from cdk_penstock.encryption.key_guard import KeyGuard
from cdk_penstock.encryption.named_principals import PermissionSetPrincipal
from cdk_penstock.encryption.operator_guard import OperatorGuard
from cdk_penstock.encryption.operator_role import OperatorRole
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.policies.principals import KeyPrincipalError

__all__ = (
    "ApplicationKey",
    "CustomerManagedEncryption",
    "EncryptionError",
    "KeyAdministrator",
    "KeyAudit",
    "KeyGuard",
    "KeyPolicyMode",
    "KeyPrincipalError",
    "OperatorGuard",
    "OperatorRole",
    "PermissionSetPrincipal",
)

check_arguments(globals())
