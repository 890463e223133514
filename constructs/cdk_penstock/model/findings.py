"""Ids of findings about wildcard resources, penstock's own and cdk-nag's, and what a template's metadata demands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

WILDCARD_RULE: Final = "MSF7"
"""The id of the rule that each wildcard resource needs a recorded reason."""

KEY_DEMAND_METADATA: Final = "penstock:customerManagedKeysRequired"
"""The metadata of a template whose applications must have a customer managed key."""


def resource_pattern(resource: object) -> str:
    """Return a resource of a template's policy as one line of text, references in angle brackets.

    ``{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::b/*"]]}`` becomes ``arn:<AWS::Partition>:s3:::b/*``,
    which is also the form in which cdk-nag writes it.
    """
    match resource:
        case str():
            return resource.replace("${", "<").replace("}", ">")
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"<{logical_id}.{attribute}>"
        case {"Fn::Join": [delimiter, list(parts)]}:
            return str(delimiter).join(resource_pattern(part) for part in parts)
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
            return resource_pattern(text)
        case {"Fn::ImportValue": name}:
            return resource_pattern(name)
        case Mapping():
            return json.dumps(resource, separators=(",", ":"), default=str)
        case _:
            return str(resource)


def wildcard_id(action: str, resource: object) -> str:
    """Return the id of penstock's finding that an action is allowed on a wildcard resource."""
    return f"{WILDCARD_RULE}[{wildcard_subject(action, resource)}]"


def wildcard_subject(action: str, resource: object) -> str:
    """Return the part of that id in brackets."""
    return f"{action}@{resource_pattern(resource)}"


def nag_wildcard_id(resource: object) -> str:
    """Return the id of cdk-nag's finding that a policy names a wildcard resource."""
    return f"AwsSolutions-IAM5[Resource::{resource_pattern(resource)}]"
