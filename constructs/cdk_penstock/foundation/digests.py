"""Short hashes for construct ids, physical names and descriptions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from aws_cdk import Stack, Token

if TYPE_CHECKING:
    from constructs import IConstruct

_CHARACTERS: Final = 8


def text_digest(*parts: str) -> str:
    """Return eight characters that change with any of the texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_CHARACTERS]


def name_digest(name: str) -> str:
    """Return eight characters that change with a physical name, none for a name known only at deployment.

    Put in a construct id, it makes CloudFormation create a new resource when the physical name changes. The old
    resource is kept for whatever still has the old name.
    """
    return "" if Token.is_unresolved(name) else text_digest(name)


def deployment_digest(construct: IConstruct) -> str:
    """Return eight characters that change with the construct's path and the name of its stack.

    The path has only the stack's id, which is the same in two deployments of one app under two stack names.
    """
    stack = Stack.of(construct)
    # The name of a nested stack is known only at deployment.
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return text_digest(f"{stack.stack_name}/{construct.node.path}")


def content_digest(value: object) -> str:
    """Return 64 characters that change with a value of JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
