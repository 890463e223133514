"""Tells one deployment of a construct from every other one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from aws_cdk import Stack

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ("deployment_of",)

_CHARACTERS: Final = 8


def deployment_of(construct: IConstruct) -> str:
    """Return a short hash of the construct's stack name and path.

    The path alone has the stack's id, which two deployments of one app under two stack names have in common.
    """
    stack = Stack.of(construct)
    # The name of a nested stack is known only at deployment.
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return hashlib.sha256(f"{stack.stack_name}/{construct.node.path}".encode()).hexdigest()[:_CHARACTERS]
