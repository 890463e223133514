"""Removal of each dependency of the templates, one at a time, and the play that notices it.

A dependency that another chain of the template implies changes nothing. Of any other, the resource that has it and
every custom resource that loses an ancestor are played with nothing but the ancestors that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.adverse_plays import is_custom
from cdk_penstock.rehearsal.mutations.dependency_reasons import MissingDependency, reason_of
from cdk_penstock.rehearsal.mutations.reused_stage import ReusedStage
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from cdk_penstock.rehearsal.result.coverage import Coverage
    from cdk_penstock.rehearsal.stage import Stage

Body = dict[str, Any]


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
        The first problem of the play, the chain that implies it, or the reason; empty if unexplained.
    """

    stack: str
    later: str
    earlier: str
    removal: Removal
    text: str


def dependency_removals(
    new_stage: Callable[[], AbstractContextManager[Stage]], coverage: Coverage
) -> Iterator[DependencyRemoval]:
    """Remove each ``DependsOn`` of each template in turn, and yield the effect.

    Parameters
    ----------
    new_stage
        Returns a new world with the stacks before it.
    coverage
        The statements of a whole play, some of which tell why a dependency is not needed.
    """
    with ReusedStage(new_stage) as plays:
        for stack, body in plays.bodies.items():
            resources = as_mapping(body.get("Resources"))
            for later, resource in resources.items():
                for earlier in as_list(as_mapping(resource).get("DependsOn")):
                    dependency = _Dependency(stack, resources, later, str(earlier))
                    removal, text = _effect(plays, coverage, dependency)
                    yield DependencyRemoval(
                        stack=stack,
                        later=dependency.name(later),
                        earlier=dependency.name(dependency.earlier),
                        removal=removal,
                        text=text,
                    )


@dataclass(frozen=True)
class _Dependency:
    stack: str
    resources: Mapping[str, Any]
    later: str
    earlier: str

    def name(self, logical_id: str) -> str:
        metadata = as_mapping(as_mapping(self.resources.get(logical_id)).get("Metadata"))
        return _without_suffix(str(metadata.get("aws:cdk:path", logical_id)))


def _effect(plays: ReusedStage, coverage: Coverage, removed: _Dependency) -> tuple[Removal, str]:
    resources, later, earlier = removed.resources, removed.later, removed.earlier
    without = without_dependency(resources, later, earlier)
    if chain := path_between(arrows_of(without), later, earlier):
        through = " <- ".join(removed.name(each.later) for each in chain[1:])
        return Removal.IMPLIED, through or f"its own {chain[0].because}"
    before, after = ResourceOrder(resources), ResourceOrder(without)
    lost = [each for each in resources if before.ancestors(each) != after.ancestors(each)]
    custom = [each for each in lost if is_custom(str(as_mapping(resources[each]).get("Type")))]
    for logical_id in dict.fromkeys((later, *custom)):
        play = plays.play_alone(removed.stack, without, logical_id)
        if not play.passed:
            return Removal.NOTICED, f"{_without_suffix(play.name)}: {play.problem}"
    holding = [each for each in coverage.rows if (each.stack, each.logical_id) == (removed.stack, earlier)]
    missing = MissingDependency(
        resources=resources, later=later, earlier=earlier, custom_resources=custom, earlier_statements=holding
    )
    reason = reason_of(missing)
    return (Removal.NOT_NEEDED if reason else Removal.UNEXPLAINED), reason


def without_dependency(resources: Mapping[str, Any], later: str, earlier: str) -> Body:
    """Return the resources, one of which does not name another as its dependency any more."""
    left = [each for each in as_list(resources[later].get("DependsOn")) if each != earlier]
    return {**resources, later: {**resources[later], "DependsOn": left}}


def _without_suffix(path: str) -> str:
    return path.removesuffix("/Resource").removesuffix("/Default")
