"""Checks of the keys of a CustomerManagedEncryption, and of the execution role that it hands to MSF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Token
from aws_cdk import aws_kms as kms

from cdk_penstock.encryption.application_key import KeyPolicyMode
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.foundation.elsewhere import is_of_other_account
from cdk_penstock.model.keys.observed_application import KeyFacts, problems_with_place

if TYPE_CHECKING:
    from aws_cdk import Stack

_MULTI_REGION_PREFIX: Final = "mrk-"
_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


def refuse_contradictions(
    key: kms.IKey | None,
    previous_key: kms.IKey | None,
    *,
    generation: int,
    close_previous_key: bool,
    mode: KeyPolicyMode,
) -> None:
    """Raise EncryptionError for settings of CustomerManagedEncryption of which one would have no effect."""
    if mode is KeyPolicyMode.CLOSED:
        message = "key_policy_mode is that of the key in use, got CLOSED: close the key before it by close_previous_key"
    elif close_previous_key and generation == 1:
        message = (
            "close_previous_key closes the key that key_generation counts one lower, got the first: leave it out; the"
            " policy of a previous_key has to be closed where it is made"
        )
    elif key is not None and generation != 1:
        message = f"key_generation counts keys that are made here, got {generation} and a key: pass one of both"
    elif key is not None and previous_key is key:
        message = f"key and previous_key are both {key.node.path}: leave out previous_key"
    elif key is None and generation < 1:
        message = f"expected key_generation from 1 on, or a key; got {generation} without a key"
    elif key is None and generation > 1 and previous_key is not None:
        message = (
            f"the key before generation {generation} is made here, got previous_key {previous_key.node.path} as well:"
            " leave it out"
        )
    else:
        return
    raise EncryptionError(message)


def refuse_foreign_role(role_arn: str, stack: Stack) -> None:
    """Raise EncryptionError for an execution role of another account, which nobody here may hand to MSF."""
    if Token.is_unresolved(role_arn):
        return
    parts = role_arn.split(":", 5)
    if parts[0] != "arn" or parts[2:3] != ["iam"] or not parts[-1].startswith("role/"):
        raise EncryptionError(f"execution_role_arn must be arn:aws:iam::ACCOUNT:role/NAME, got {role_arn!r}")
    if is_of_other_account(stack, parts[4]):
        raise EncryptionError(
            f"execution_role_arn must be of the application's account {stack.account}, got {role_arn}: iam:PassRole"
            " does not cross accounts"
        )


def refuse_unfit_key(key: kms.IKey, stack: Stack) -> None:
    """Raise EncryptionError, with every reason, for a key that MSF cannot, or should not, use.

    Of an imported key only its ARN is known here; the update checks the rest when it is deployed.
    """
    places = (("account", key.env.account, stack.account), ("Region", key.env.region, stack.region))
    problems = [
        problem
        for what, of_key, of_stack in places
        if not Token.is_unresolved(of_key) and not Token.is_unresolved(of_stack)
        for problem in problems_with_place(of_key, of_stack, what)
    ]
    problems += _facts(key).problems()
    if problems:
        raise EncryptionError(f"key {key.node.path} cannot encrypt the application: {'; '.join(problems)}")


def _facts(key: kms.IKey) -> KeyFacts:
    """Return what is known of a key at synthesis."""
    resource = key.node.default_child
    if isinstance(resource, kms.CfnKey):
        return KeyFacts(
            key_arn=key.key_arn,
            is_symmetric=(resource.key_spec or _SYMMETRIC) == _SYMMETRIC,
            is_multi_region=resource.multi_region is True,
            rotates_automatically=resource.enable_key_rotation is True,
        )
    is_known = not Token.is_unresolved(key.key_id)
    return KeyFacts(key_arn=key.key_arn, is_multi_region=is_known and key.key_id.startswith(_MULTI_REGION_PREFIX))
