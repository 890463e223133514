"""All steps to a target, to be read before anything is changed.

They are the answers of the planner if each step succeeds; what happens in between may change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.observation import Observation
    from cdk_penstock.model.lifecycle.planning.plan_target import Target

MAX_STEPS: Final = 30
"""More than any target takes."""


def expected_plan(seen: Observation, target: Target) -> tuple[Action, ...]:
    """Return every step to the target; the last one is its end."""
    steps: list[Action] = []
    while len(steps) < MAX_STEPS:
        step = target.next_action(seen)
        steps.append(step)
        if isinstance(step, Ended):
            break
        seen = step.expected_after(seen)
    return tuple(steps)


def expected_after(seen: Observation, target: Target) -> Observation:
    """Return the application after every step to the target, if each succeeds."""
    for step in expected_plan(seen, target):
        seen = step.expected_after(seen)
    return seen
