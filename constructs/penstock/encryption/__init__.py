"""The customer-managed-key sequence for applications on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from penstock.encryption.application_key import ApplicationKey, KeyPolicyMode
from penstock.encryption.customer_managed_encryption import CustomerManagedEncryption
from penstock.encryption.errors import EncryptionError
from penstock.encryption.key_administrator import KeyAdministrator
from penstock.encryption.key_guard import KeyGuard
from penstock.encryption.operator_role import OperatorRole
from penstock.encryption.principals import PermissionSetPrincipal
from penstock.model.arguments import check_arguments

__all__ = (
    "ApplicationKey",
    "CustomerManagedEncryption",
    "EncryptionError",
    "KeyAdministrator",
    "KeyGuard",
    "KeyPolicyMode",
    "OperatorRole",
    "PermissionSetPrincipal",
)

check_arguments(globals())
