"""Policy documents and roles among the properties of a resource."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.engine.resources import StackPlace
    from cdk_penstock.rehearsal.world.iam_roles import Role
    from cdk_penstock.rehearsal.world.world import World


def document_of(value: Any) -> Mapping[str, Any]:
    """Return a policy, which CloudFormation takes as an object or as JSON text.

    Raises ResourceFailedError for anything else.
    """
    try:
        document = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ResourceFailedError(f"expected a policy in JSON, got {value!r}: {error}") from error
    if not isinstance(document, dict):
        raise ResourceFailedError(f"expected a policy in JSON, got {value!r}")
    return document


def role_named(world: World, place: StackPlace, name: str) -> Role:
    """Return a role; raise ResourceFailedError, with IAM's words, if there is none."""
    role = world.iam.find(f"arn:{place.partition}:iam::{place.account}:role/{name}")
    if role is None:
        raise ResourceFailedError(f"The role with name {name} cannot be found. (Service: Iam, Status Code: 404)")
    return role
