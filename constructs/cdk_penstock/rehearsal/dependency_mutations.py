"""Removal of each dependency of the templates, one at a time, and the play that notices it.

A dependency that another chain of the template implies changes nothing. Of any other, the resource that has it and
every custom resource that loses an ancestor are played with nothing but the ancestors that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.adverse_plays import is_custom, play_alone
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from cdk_penstock.rehearsal.stage import Stage

Body = dict[str, Any]
_REASONS: Final = (
    (
        "AWS::Lambda::Function",
        "AWS::IAM::",
        "a function needs its permissions when it is called, and whoever calls it waits for them as well",
    ),
    ("AWS::Scheduler::Schedule", "AWS::IAM::", "the schedule calls its function later, when the stack is there"),
    ("AWS::CloudWatch::Alarm", "", "an alarm calls nothing when it is created"),
    (
        "AWS::KMS::Key",
        "AWS::KinesisAnalyticsV2::",
        "a key needs the application that its policy names, and nothing of its log: the sequence is kept in one line",
    ),
    ("", "AWS::EC2::", "the network between the job and its source is not modelled"),
    ("", "AWS::MSK::", "Kafka is not modelled: the job is not run"),
)
"""Reasons for which nothing notices a missing dependency: type of the later resource, of the earlier one, sentence."""


class Removal(StrEnum):
    """The effect of a removal."""

    NOTICED = "noticed"
    """A play fails, or a call in it is refused."""
    IMPLIED = "implied"
    """Another chain of the template orders the two resources."""
    NOT_NEEDED = "not needed"
    """No play needs it, for a known reason."""
    UNEXPLAINED = "unexplained"
    """No play needs it, and no reason is known."""


@dataclass(frozen=True, kw_only=True)
class DependencyRemoval:
    """The removal of one dependency.

    Parameters
    ----------
    stack, later, earlier
        The stack, and the names of both constructs.
    removal
        The effect.
    text
        The first problem of the play, the chain that implies it, or the reason.
    """

    stack: str
    later: str
    earlier: str
    removal: Removal
    text: str


def dependency_removals(new_stage: Callable[[], AbstractContextManager[Stage]]) -> Iterator[DependencyRemoval]:
    """Remove each ``DependsOn`` of each template in turn, and yield what came of it."""
    with new_stage() as stage:
        bodies = dict(stage.bodies)
    for stack, body in bodies.items():
        resources = as_mapping(body.get("Resources"))
        for later, resource in resources.items():
            for earlier in as_list(as_mapping(resource).get("DependsOn")):
                yield _removal(new_stage, stack, resources, later, str(earlier))


def _removal(
    new_stage: Callable[[], AbstractContextManager[Stage]],
    stack: str,
    resources: Mapping[str, Any],
    later: str,
    earlier: str,
) -> DependencyRemoval:
    def ended(removal: Removal, text: str) -> DependencyRemoval:
        names = (_name(resources, each) for each in (later, earlier))
        later_name, earlier_name = names
        return DependencyRemoval(stack=stack, later=later_name, earlier=earlier_name, removal=removal, text=text)

    without = without_dependency(resources, later, earlier)
    chain = path_between(arrows_of(without), later, earlier)
    if chain:
        return ended(Removal.IMPLIED, " <- ".join(_name(resources, each.earlier) for each in reversed(chain)))
    before, after = ResourceOrder(resources), ResourceOrder(without)
    lost = [each for each in resources if before.ancestors(each) != after.ancestors(each)]
    for logical_id in [each for each in lost if each == later or is_custom(_type(resources, each))]:
        with new_stage() as stage:
            stage.bodies[stack]["Resources"] = without
            play = play_alone(stage, stack, logical_id)
            if not play.passed:
                return ended(Removal.NOTICED, f"{play.name}: {play.problem}")
    for later_type, earlier_type, reason in _REASONS:
        if _type(resources, later).startswith(later_type) and _type(resources, earlier).startswith(earlier_type):
            return ended(Removal.NOT_NEEDED, reason)
    return ended(Removal.UNEXPLAINED, "nothing in the plays of these resources needs it")


def without_dependency(resources: Mapping[str, Any], later: str, earlier: str) -> Body:
    """Return the resources, one of which does not name another as its dependency any more."""
    left = [each for each in as_list(resources[later].get("DependsOn")) if each != earlier]
    return {**resources, later: {**resources[later], "DependsOn": left}}


def _type(resources: Mapping[str, Any], logical_id: str) -> str:
    return str(as_mapping(resources.get(logical_id)).get("Type"))


def _name(resources: Mapping[str, Any], logical_id: str) -> str:
    path = as_mapping(as_mapping(resources.get(logical_id)).get("Metadata")).get("aws:cdk:path", logical_id)
    return str(path).removesuffix("/Resource")
