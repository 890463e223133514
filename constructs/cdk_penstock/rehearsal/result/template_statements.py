"""The statements of all policies in templates, under the names that they have in decisions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.policy_names import FUNCTION_POLICY, PolicyKind, policy_name
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.templates import Resource

_TRUST: Final = "AssumeRolePolicyDocument"
_KEY_POLICY: Final = "KeyPolicy"
_DOCUMENT: Final = "PolicyDocument"


@dataclass(frozen=True, kw_only=True)
class TemplateStatement:
    """A statement of a template.

    Parameters
    ----------
    policy, sid
        The policy's name in decisions, and the Sid or the position, as ``#1``.
    kind
        The use of the policy.
    stack
        The name of the stack.
    resource
        The resource that holds the policy.
    body
        The statement, its references resolved as far as they are known before a deployment.
    raw
        The statement as the template has it.
    """

    policy: str
    sid: str
    kind: PolicyKind
    stack: str
    resource: Resource = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The name in decisions."""
        return f"{self.policy}: {self.sid}"

    @property
    def denies(self) -> bool:
        """True if its effect is Deny."""
        return bool(self.body.get("Effect") == "Deny")

    @property
    def actions(self) -> tuple[str, ...]:
        """Its actions; those of NotAction behind ``not ``."""
        named = [str(each) for each in as_list(self.body.get("Action"))]
        return (*named, *(f"not {each}" for each in as_list(self.body.get("NotAction"))))

    @property
    def services(self) -> tuple[str, ...]:
        """The service principals that it names."""
        return tuple(str(each) for each in as_list(as_mapping(self.body.get("Principal")).get("Service")))

    @property
    def identities(self) -> tuple[str, ...]:
        """All other principals that it names."""
        principal = self.body.get("Principal")
        if isinstance(principal, str):
            return (principal,)
        kinds = as_mapping(principal)
        return tuple(str(each) for kind, names in kinds.items() if kind != "Service" for each in as_list(names))


def statements_of(stacks: Sequence[SynthesizedStack]) -> Iterator[TemplateStatement]:
    """Yield every statement of every policy of the stacks."""
    for stack in stacks:
        resolution = Resolution(stack)
        for resource in stack.template.resources():
            yield from _statements(resource, resolution)


def _statements(resource: Resource, resolution: Resolution) -> Iterator[TemplateStatement]:
    properties = as_mapping(resource.body.get("Properties"))
    if resource.type == "AWS::Lambda::Permission":
        yield _permission(resource, properties, resolution)
    for path, document in _documents(properties, (), resolution):
        policy, kind = _policy(resource, path, properties, resolution)
        for number, raw in enumerate(as_list(document["Statement"]), start=1):
            statement = _chosen(raw)
            if statement:
                body = as_mapping(resolution.resolve(statement))
                yield TemplateStatement(
                    policy=policy,
                    sid=str(body.get("Sid") or f"#{number}"),
                    kind=kind,
                    stack=resolution.stack.name,
                    resource=resource,
                    body=body,
                    raw=statement,
                )


def _documents(
    value: Any, path: tuple[str | int, ...], resolution: Resolution
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Yield each policy among the properties, with its path."""
    if path and path[-1] == _DOCUMENT:
        # CloudWatch Logs takes a policy as text.
        value = _parsed(value, resolution)
    if isinstance(value, dict):
        if any(_chosen(each) for each in as_list(value.get("Statement"))):
            yield path, value
            return
        for name, each in value.items():
            yield from _documents(each, (*path, name), resolution)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _documents(each, (*path, number), resolution)


def _parsed(value: Any, resolution: Resolution) -> Any:
    resolved = resolution.resolve(value)
    if not isinstance(resolved, str):
        return value
    try:
        return json.loads(resolved)
    except ValueError:
        return value


def _chosen(statement: object) -> Mapping[str, Any]:
    """Return a statement, under a condition the first of its branches that is one; empty for anything else."""
    branches = statement["Fn::If"][1:] if isinstance(statement, dict) and "Fn::If" in statement else [statement]
    return next((each for each in branches if isinstance(each, dict) and "Effect" in each), {})


def _policy(
    resource: Resource, path: tuple[str | int, ...], properties: Mapping[str, Any], resolution: Resolution
) -> tuple[str, PolicyKind]:
    match path:
        case (str(name),) if name == _TRUST:
            kind, inner = PolicyKind.TRUST, ""
        case (str(name),) if name == _KEY_POLICY:
            kind, inner = PolicyKind.KEY, ""
        case (str(name),) if name == _DOCUMENT and resource.type.endswith("Policy"):
            kind, inner = PolicyKind.POLICY, ""
        case ("Policies", int(number), _):
            kind, inner = PolicyKind.INLINE, str(resolution.resolve(properties["Policies"][number].get("PolicyName")))
        case (_,):
            kind, inner = PolicyKind.RESOURCE, ""
        case _:
            kind, inner = PolicyKind.RESOURCE, ".".join(map(str, path))
    return policy_name(resource.name, kind, inner), kind


def _permission(resource: Resource, properties: Mapping[str, Any], resolution: Resolution) -> TemplateStatement:
    """Return the statement that a permission adds to the policy of a function."""
    resolved = as_mapping(resolution.resolve(properties))
    principal = str(resolved.get("Principal", ""))
    kind = "Service" if principal.endswith(".amazonaws.com") else "AWS"
    statement = {"Effect": "Allow", "Action": properties.get("Action"), "Principal": {kind: principal}}
    return TemplateStatement(
        policy=FUNCTION_POLICY,
        sid=resource.name,
        kind=PolicyKind.RESOURCE,
        stack=resolution.stack.name,
        resource=resource,
        body=statement,
        raw={**statement, "Resource": properties.get("FunctionName")},
    )
