"""The role that CloudFormation deploys a stack with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn, Stack
from jsii.errors import JSIIError

from cdk_penstock.encryption.errors import EncryptionError

if TYPE_CHECKING:
    from constructs import Construct


def cloudformation_role_arn(scope: Construct) -> str:
    """Return the ARN of the CloudFormation execution role of the scope's stack, as its synthesizer knows it.

    CloudFormation calls UpdateApplication with this role, so the key's policy must name it as an operator, and it
    creates and manages the key. Raises EncryptionError where the synthesizer names none.
    """
    arn = _arn(scope)
    if not arn:
        stack = Stack.of(scope)
        raise EncryptionError(
            f"stack {stack.stack_name!r} is deployed by {type(stack.synthesizer).__name__}, which names no role for"
            " CloudFormation, so the key's policy cannot name it: use the DefaultStackSynthesizer (cdk bootstrap), or"
            " pass cloudformation_role_arn"
        )
    return _substituted(arn)


def cloudformation_role_name(scope: Construct) -> str | None:
    """Return the name of the role that cloudformation_role_arn returns, None where the synthesizer names none."""
    arn = _arn(scope)
    return _substituted(arn.rpartition("/")[2]) if arn else None


def _arn(scope: Construct) -> str | None:
    try:
        return getattr(Stack.of(scope).synthesizer, "cloud_formation_execution_role_arn", None)
    except (JSIIError, RuntimeError):
        return None


def _substituted(text: str) -> str:
    return Fn.sub(text) if "${" in text else text
