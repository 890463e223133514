"""The roles of a template with all their policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.review.resolution import Resolution

_ROLE = "AWS::IAM::Role"
_ATTACHED = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


@dataclass(frozen=True, kw_only=True)
class TemplateRole:
    """A role of a template.

    Parameters
    ----------
    logical_id, arn
        The role.
    policies
        All its identity policies: inline ones, and those that are attached by the template.
    aws_managed
        ARNs of AWS managed policies, whose text is in no template.
    trust
        The trust policy: the principals that may assume it.
    """

    logical_id: str
    arn: str
    policies: tuple[NamedPolicy, ...]
    aws_managed: tuple[str, ...]
    trust: PolicyDocument


def roles_of(resolution: Resolution) -> dict[str, TemplateRole]:
    """Return the roles of a template by logical id."""
    resources = {each.logical_id: each.body for each in resolution.stack.template.resources()}
    return {
        logical_id: _role(logical_id, resolution, resources)
        for logical_id, body in resources.items()
        if body["Type"] == _ROLE
    }


def _role(logical_id: str, resolution: Resolution, resources: Mapping[str, Any]) -> TemplateRole:
    properties = as_mapping(resolution.resolve(resources[logical_id].get("Properties")))
    return TemplateRole(
        logical_id=logical_id,
        arn=resolution.arn(logical_id),
        policies=(*_inline(logical_id, properties), *_attached(logical_id, resolution, resources)),
        aws_managed=tuple(arn for arn in as_list(properties.get("ManagedPolicyArns")) if ":aws:policy/" in str(arn)),
        trust=PolicyDocument.from_json(properties["AssumeRolePolicyDocument"]),
    )


def _inline(logical_id: str, properties: Mapping[str, Any]) -> Iterator[NamedPolicy]:
    for policy in as_list(properties.get("Policies")):
        name = f"{logical_id}.{policy['PolicyName']}"
        yield NamedPolicy(name=name, document=PolicyDocument.from_json(policy["PolicyDocument"]))


def _attached(logical_id: str, resolution: Resolution, resources: Mapping[str, Any]) -> Iterator[NamedPolicy]:
    managed = as_list(as_mapping(resources[logical_id].get("Properties")).get("ManagedPolicyArns"))
    for name, body in resources.items():
        if body["Type"] not in _ATTACHED:
            continue
        properties = as_mapping(body.get("Properties"))
        if {"Ref": logical_id} in as_list(properties.get("Roles")) or {"Ref": name} in managed:
            document = PolicyDocument.from_json(resolution.resolve(properties["PolicyDocument"]))
            yield NamedPolicy(name=name, document=document)
