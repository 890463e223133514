"""A provider that keeps its resources in memory, for tests of the engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.engine.resources import Existing, Made, ResourceProvider, StackPlace, Wanted
from cdk_penstock.rehearsal.engine.stack_engine import StackEngine
from cdk_penstock.rehearsal.engine.stack_tools import StackTools
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import ResourceEvent
from cdk_penstock.rehearsal.world.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNT = "111122223333"
STACK_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/Stack/1"
CLOUDFORMATION = f"arn:aws:sts::{ACCOUNT}:assumed-role/cloudformation/AWSCloudFormation"


def stack_place(name: str = "Stack") -> StackPlace:
    return StackPlace(
        name=name, stack_id=STACK_ID, account=ACCOUNT, region="us-east-1", role_session_arn=CLOUDFORMATION
    )


class CountedResources(ResourceProvider):
    """Resources by physical id; the property ``Fails`` names operations that fail, ``Name`` cannot change."""

    def __init__(self) -> None:
        self.live: dict[str, Mapping[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self._number = 0

    def create(self, wanted: Wanted) -> Made:
        self.calls.append(("create", wanted.logical_id))
        self._fail("create", wanted)
        self._number += 1
        physical_id = f"{wanted.logical_id}-{self._number}"
        self.live[physical_id] = dict(wanted.properties)
        return Made(physical_id=physical_id, attributes={"Arn": f"arn:{physical_id}"})

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        self.calls.append(("update", wanted.logical_id))
        self._fail("update", wanted)
        assert existing.made.physical_id in self.live
        self.live[existing.made.physical_id] = dict(wanted.properties)
        return existing.made

    def delete(self, existing: Existing) -> None:
        self.calls.append(("delete", existing.wanted.logical_id))
        self._fail("delete", existing.wanted)
        del self.live[existing.made.physical_id]

    def _fail(self, operation: str, wanted: Wanted) -> None:
        if operation in wanted.properties.get("Fails", ""):
            raise ResourceFailedError(f"the {operation} of {wanted.logical_id} fails")


def must_replace(_type: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    return ("Name",) if old.get("Name") != new.get("Name") else ()


class EngineBench:
    """An engine over counted resources."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.resources = CountedResources()
        self.tools = StackTools(world=self.world, provider_of=lambda _type: self.resources, must_replace=must_replace)
        self.engine = StackEngine(self.tools)

    def deploy(self, resources: dict[str, Any], *, only: set[str] | None = None, **parts: Any) -> str:
        body = {"Resources": {name: {"Type": "A::B::C", **part} for name, part in resources.items()}, **parts}
        return self.engine.deploy(stack_place(), body, only=only).status

    def events(self) -> list[str]:
        return [
            f"{each.place.logical_id or each.name} {each.operation}_{each.progress}"
            for each in self.world.timeline.entries
            if isinstance(each, ResourceEvent)
        ]

    def snapshot(self) -> str:
        """Return everything that exists, to compare it."""
        stack = self.engine.stacks.get("Stack")
        known = {name: each.made.physical_id for name, each in stack.resources.items()} if stack else {}
        return json.dumps([self.resources.live, known], sort_keys=True)
