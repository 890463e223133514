"""Plays of single resources, in one world as long as nothing stays of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from cdk_penstock.rehearsal.adverse_plays import is_custom, play_alone
from cdk_penstock.rehearsal.engine.stack_change import is_kept
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from contextlib import AbstractContextManager

    from cdk_penstock.rehearsal.adverse_plays import AdversePlay
    from cdk_penstock.rehearsal.stage import Stage


class ReusedStage:
    """A stage for plays that leave nothing behind, so that the stacks before are deployed once; others get a new one.

    Parameters
    ----------
    new_stage
        Returns a new world with the stacks before it.
    """

    def __init__(self, new_stage: Callable[[], AbstractContextManager[Stage]]) -> None:
        self._new_stage = new_stage
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the stage."""
        self._renew()
        self.bodies = dict(self._stage.bodies)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the stage."""
        self._open.close()

    def play_alone(self, stack: str, resources: Mapping[str, Any], logical_id: str) -> AdversePlay:
        """Play a resource of a stack with nothing but its ancestors, its template having these resources."""
        taken = {logical_id, *ResourceOrder(resources).ancestors(logical_id)}
        if not _leaves_nothing(resources, taken):
            with self._new_stage() as stage:
                return self._play(stage, stack, resources, logical_id)
        play = self._play(self._stage, stack, resources, logical_id)
        if not play.passed or not self._stage.engine.delete(stack).succeeded:
            self._renew()
        return play

    def _play(self, stage: Stage, stack: str, resources: Mapping[str, Any], logical_id: str) -> AdversePlay:
        stage.bodies[stack] = {**self.bodies[stack], "Resources": dict(resources)}
        return play_alone(stage, stack, logical_id)

    def _renew(self) -> None:
        self._open.close()
        self._stage = self._open.enter_context(self._new_stage())


def _leaves_nothing(resources: Mapping[str, Any], taken: Collection[str]) -> bool:
    """Return True if a deletion of the stack puts the world back: a custom resource may do anything."""
    bodies = [as_mapping(resources.get(each)) for each in taken]
    return not any(is_kept(body) or is_custom(str(body.get("Type"))) for body in bodies)
