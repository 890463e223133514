"""IAM: roles, their policies and managed policies, as far as the automation reads and changes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cdk_penstock.local.service.credentials import unique_id
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.rehearsal.world.service_answers import NotModelledError, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.model.policies.evaluator import NamedPolicy
    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.iam_roles import Iam, Role
    from cdk_penstock.rehearsal.world.service_answers import CallScope

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NO_ENTITY: Final = "NoSuchEntity"
_NOT_FOUND: Final = 404


class IamAnswers:
    """IAM of the world.

    Parameters
    ----------
    iam
        The roles.
    """

    def __init__(self, iam: Iam) -> None:
        self._iam = iam
        self._operations: Final[Mapping[str, Callable[[Mapping[str, Any], CallScope], Mapping[str, Any]]]] = {
            "DeleteRolePolicy": self._delete,
            "GetPolicy": self._managed,
            "GetPolicyVersion": self._managed_version,
            "GetRole": self._get_role,
            "GetRolePolicy": self._get,
            "ListAttachedRolePolicies": self._attached,
            "ListRolePolicies": self._list,
            "PutRolePolicy": self._put,
        }

    def call(self, operation: str, parameters: Mapping[str, Any], actor: Actor, scope: CallScope) -> Mapping[str, Any]:  # noqa: ARG002
        """Carry out an operation."""
        carry_out = self._operations.get(operation)
        if carry_out is None:
            raise NotModelledError("NotImplemented", f"iam:{operation} is not modelled by the rehearsal")
        return carry_out(parameters, scope)

    def _role(self, given: Mapping[str, Any], scope: CallScope) -> Role:
        role = self._iam.find(f"arn:aws:iam::{scope.account}:role/{given['RoleName']}")
        if role is None:
            message = f"The role with name {given['RoleName']} cannot be found."
            raise ServiceRefusedError(_NO_ENTITY, message, status=_NOT_FOUND)
        return role

    def _list(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        return {"PolicyNames": list(self._role(given, scope).inline), "IsTruncated": False}

    def _get(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        name = str(given["PolicyName"])
        policy = self._role(given, scope).inline.get(name)
        if policy is None:
            message = f"The role policy with name {name} cannot be found."
            raise ServiceRefusedError(_NO_ENTITY, message, status=_NOT_FOUND)
        return {"RoleName": given["RoleName"], "PolicyName": name, "PolicyDocument": _document(policy)}

    def _put(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        role, name = self._role(given, scope), str(given["PolicyName"])
        try:
            role.inline[name] = named_policy(f"{role.name} inline {name}", json.loads(given["PolicyDocument"]))
        except (PenstockError, ValueError) as error:
            raise ServiceRefusedError("MalformedPolicyDocument", str(error)) from error
        return {}

    def _delete(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        self._get(given, scope)
        del self._role(given, scope).inline[str(given["PolicyName"])]
        return {}

    def _attached(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        attached = [
            {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in self._role(given, scope).attached
        ]
        return {"AttachedPolicies": attached, "IsTruncated": False}

    def _managed(self, given: Mapping[str, Any], _scope: CallScope) -> Mapping[str, Any]:
        self._known(given)
        arn = str(given["PolicyArn"])
        return {"Policy": {"Arn": arn, "PolicyName": arn.rpartition("/")[2], "DefaultVersionId": "v1"}}

    def _managed_version(self, given: Mapping[str, Any], _scope: CallScope) -> Mapping[str, Any]:
        policy = self._known(given)
        return {"PolicyVersion": {"Document": _document(policy), "VersionId": "v1", "IsDefaultVersion": True}}

    def _known(self, given: Mapping[str, Any]) -> NamedPolicy:
        policy = self._iam.managed.get(str(given["PolicyArn"]))
        if policy is None:
            message = f"Policy {given['PolicyArn']} does not exist or is not attachable."
            raise ServiceRefusedError(_NO_ENTITY, message, status=_NOT_FOUND)
        return policy

    def _get_role(self, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any]:
        role = self._role(given, scope)
        return {
            "Role": {
                "Path": role.arn.split(":role", 1)[1].removesuffix(role.name),
                "RoleName": role.name,
                "RoleId": unique_id("AROA", role.arn),
                "Arn": role.arn,
                "CreateDate": _CREATED,
                "AssumeRolePolicyDocument": _document(role.trust),
            }
        }


def _document(policy: NamedPolicy) -> str:
    """Return a policy as IAM does, percent-encoded; boto3 decodes it."""
    return quote(json.dumps(policy.document.to_json()))
