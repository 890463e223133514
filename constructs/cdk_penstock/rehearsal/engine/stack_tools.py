"""The tools with which the engine changes stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.timeline import Progress

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.engine.resources import ResourceProvider, Wanted
    from cdk_penstock.rehearsal.world.world import World

Properties = Mapping[str, Any]

_STEP_SECONDS = 1.0


def _nothing(_operation: str, _wanted: Wanted) -> None:
    """Make no call."""


def _never_replaced(_type: str, _old: Properties, _new: Properties) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class StackTools:
    """The tools of the engine: the world, and what is known of resource types.

    Parameters
    ----------
    world
        The world.
    provider_of
        Returns the provider of a resource type.
    before
        Makes CloudFormation's own calls for an operation (``create``, ``update``, ``delete``) on a resource; raises
        DeniedError where its role may not.
    must_replace
        Returns the properties whose change makes CloudFormation replace a resource of a type.
    parameters
        Values of parameters of templates.
    """

    world: World
    provider_of: Callable[[str], ResourceProvider]
    before: Callable[[str, Wanted], None] = _nothing
    must_replace: Callable[[str, Properties, Properties], tuple[str, ...]] = _never_replaced
    parameters: Mapping[str, str] = field(default_factory=dict)

    def tell(self, wanted: Wanted, operation: str, progress: Progress, reason: str = "") -> None:
        """Record an event of a resource; an operation that begins takes a second."""
        self.world.timeline.record_event(
            type=wanted.type, name=wanted.name, operation=operation, progress=progress, reason=reason
        )
        if progress is Progress.IN_PROGRESS:
            self.world.clock.take_time(_STEP_SECONDS)
