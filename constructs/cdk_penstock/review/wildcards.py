"""Every wildcard resource that IAM policies of an app allow something on, and why it cannot be narrower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.review.conditions import variants
from cdk_penstock.review.findings import Templates, as_list, as_mapping
from cdk_penstock.review.rules import wildcards_have_a_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.findings import Finding, Resource

__all__ = ("Wildcard", "wildcards_of")


@dataclass(frozen=True, kw_only=True)
class Wildcard:
    """An action that a policy allows on a wildcard resource; the reason is empty where nobody recorded one."""

    stage: str
    stack: str
    policy: str
    finding: str
    reason: str


def wildcards_of(stacks: Sequence[SynthesizedStack]) -> tuple[Wildcard, ...]:
    """Return all wildcards of the stacks, action by action."""
    return tuple(
        Wildcard(
            stage=stack.stage,
            stack=stack.name,
            policy=finding.resource.name,
            finding=finding.rule.removeprefix("MSF7[").removesuffix("]"),
            reason=_reason(finding.resource, f"penstock::{finding.rule}"),
        )
        for stack in stacks
        for finding in _findings(Templates((stack.template,)))
    )


def _findings(templates: Templates) -> Iterator[Finding]:
    """Yield what is found under any choice of the template's conditions, once."""
    seen: set[tuple[str, tuple[str, str]]] = set()
    for chosen in variants(templates):
        for finding in wildcards_have_a_reason(chosen):
            if (finding.rule, finding.resource.key) not in seen:
                seen.add((finding.rule, finding.resource.key))
                yield finding


def _reason(resource: Resource, finding: str) -> str:
    recorded = as_mapping(as_mapping(resource.body.get("Metadata")).get("cdk_nag")).get("rules_to_suppress")
    rules = [as_mapping(rule) for rule in as_list(recorded)]
    return next((str(rule.get("reason", "")) for rule in rules if rule.get("id") == finding), "")
