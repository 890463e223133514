"""Wildcard resources in the IAM policies of an app, each with the recorded reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.findings import WILDCARD_RULE
from cdk_penstock.review.rules import RULES, find_all
from cdk_penstock.review.templates import Templates, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.templates import Resource


@dataclass(frozen=True, kw_only=True)
class Wildcard:
    """An action that a policy allows on a wildcard resource; the reason is empty if nobody recorded one."""

    stage: str
    stack: str
    policy: str
    finding: str
    reason: str


def wildcards_of(stacks: Sequence[SynthesizedStack]) -> tuple[Wildcard, ...]:
    """Return all wildcards of the stacks, action by action."""
    rules = [rule for rule in RULES if rule.id == WILDCARD_RULE]
    return tuple(
        Wildcard(
            stage=stack.stage,
            stack=stack.name,
            policy=finding.resource.name,
            finding=finding.subject,
            reason=_reason(finding.resource, f"penstock::{finding.rule}"),
        )
        for stack in stacks
        for finding in find_all(Templates((stack.template,)), rules)
    )


def _reason(resource: Resource, finding: str) -> str:
    recorded = as_mapping(as_mapping(resource.body.get("Metadata")).get("cdk_nag")).get("rules_to_suppress")
    rules = [as_mapping(rule) for rule in as_list(recorded)]
    return next((str(rule.get("reason", "")) for rule in rules if rule.get("id") == finding), "")
