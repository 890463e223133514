"""Adverse plays: one resource at a time with nothing but its ancestors, whatever else CloudFormation may do first.

CloudFormation creates resources at the same time where nothing orders them. In the normal play a resource may find what
it needs by luck; in its adverse play it finds only what the template makes it wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from cdk_penstock.rehearsal.stage import Stage


@dataclass(frozen=True, kw_only=True)
class AdversePlay:
    """The end of one adverse play.

    Parameters
    ----------
    stack, logical_id, name
        The resource.
    problem
        The reason of a failure, empty if the resource had all that it needs.
    """

    stack: str
    logical_id: str
    name: str
    problem: str

    @property
    def passed(self) -> bool:
        """True if the resource had all that it needs."""
        return not self.problem


def custom_resources(body: Mapping[str, Any]) -> list[str]:
    """Return the logical ids of the resources whose creation calls a function."""
    return [
        logical_id
        for logical_id, resource in as_mapping(body.get("Resources")).items()
        if is_custom(str(as_mapping(resource).get("Type")))
    ]


def is_custom(resource_type: str) -> bool:
    """Return True for the type of a custom resource."""
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"


def adverse_plays(new_stage: Callable[[], AbstractContextManager[Stage]]) -> Iterator[AdversePlay]:
    """Play each custom resource of each stack with nothing but its ancestors; each play has a new world."""
    with new_stage() as stage:
        found = [(stack.name, each) for stack in stage.stacks for each in custom_resources(stage.bodies[stack.name])]
    for stack_name, logical_id in found:
        with new_stage() as stage:
            yield play_alone(stage, stack_name, logical_id)


def play_alone(stage: Stage, stack_name: str, logical_id: str) -> AdversePlay:
    """Play a resource of a stack with nothing but its ancestors; the stacks before it are complete."""
    resources = as_mapping(stage.bodies[stack_name].get("Resources"))
    entries_before = len(stage.world.timeline.entries)
    chosen = {logical_id, *ResourceOrder(resources).ancestors(logical_id)}
    with stage.world.timeline.at(act="order"):
        end = stage.deploy(only={stack_name: chosen}, until=stack_name)[-1]
    # What a function may not do, and does without, is no sign: one that needs it fails.
    denied = [
        f"{each.request.action}: {each.decision.reason}"
        for each in stage.world.timeline.denied
        if each.number > entries_before and each.place.stack == stack_name and each.made_by is not MadeBy.FUNCTION
    ]
    problem = f"{end.status}: {end.reason}" if not end.succeeded else "; ".join(denied)
    name = str(as_mapping(resources[logical_id].get("Metadata")).get("aws:cdk:path", logical_id))
    return AdversePlay(stack=stack_name, logical_id=logical_id, name=name, problem=problem)
