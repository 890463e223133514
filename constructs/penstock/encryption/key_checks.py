"""Whether a key that exists already is fit for the state of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Token
from aws_cdk import aws_kms as kms

from penstock.encryption.errors import EncryptionError

if TYPE_CHECKING:
    from aws_cdk import Stack

__all__ = ("refuse_unfit_key",)

_MULTI_REGION_PREFIX: Final = "mrk-"
_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


def refuse_unfit_key(key: kms.IKey, stack: Stack) -> None:
    """Raise EncryptionError for a key that MSF would refuse, or that would surprise.

    Of an imported key only its ARN is known here; the update checks the rest when it is deployed.
    """
    for what, of_key, of_stack in (
        ("account", key.env.account, stack.account),
        ("Region", key.env.region, stack.region),
    ):
        if of_key != of_stack and not Token.is_unresolved(of_key) and not Token.is_unresolved(of_stack):
            message = f"the key must be of the application's {what} {of_stack}, got one of {of_key} (R002)"
            raise EncryptionError(message)
    if not Token.is_unresolved(key.key_id) and key.key_id.startswith(_MULTI_REGION_PREFIX):
        _refuse(key, "is a multi-Region key, whose replicas are out of reach of its policy: use a single-Region one")
    resource = key.node.default_child
    if not isinstance(resource, kms.CfnKey):
        return
    if resource.enable_key_rotation is True:
        _refuse(
            key,
            "has automatic rotation, which MSF does not support: switch it off and rotate with penstock key rotate"
            " (R021)",
        )
    if (resource.key_spec or _SYMMETRIC) != _SYMMETRIC:
        _refuse(key, f"is a {resource.key_spec} key: use a symmetric one, {_SYMMETRIC}")
    if resource.multi_region is True:
        _refuse(key, "is a multi-Region key, whose replicas are out of reach of its policy: use a single-Region one")


def _refuse(key: kms.IKey, problem: str) -> None:
    message = f"key {key.node.path} {problem}"
    raise EncryptionError(message)
