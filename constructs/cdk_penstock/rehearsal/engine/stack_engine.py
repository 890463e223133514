"""The engine: creates, updates, rolls back and deletes stacks as CloudFormation does.

Not played: changes that CloudFormation makes at the same time, its stack policies, drift, and hooks. The order of a
rollback is not documented: ``rollback_follows_dependencies`` chooses it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.engine.deployed_stack import DeployedStack
from cdk_penstock.rehearsal.engine.resources import StackPlace
from cdk_penstock.rehearsal.engine.stack_change import StackChange, delete_resource, is_kept
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.rehearsal.timeline import Progress
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Collection

    from cdk_penstock.rehearsal.engine.stack_tools import StackTools
    from cdk_penstock.review.assembly import SynthesizedStack

_SESSION: Final = "AWSCloudFormation"
_STUCK: Final = frozenset({"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
_STACK: Final = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, kw_only=True)
class StackEnd:
    """The end of an operation on a stack: its status, and the reason of a failure."""

    name: str
    status: str
    reason: str = ""

    @property
    def succeeded(self) -> bool:
        """True if the stack is as it was asked for."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


def place_of(stack: SynthesizedStack, *, role_session_arn: str) -> StackPlace:
    """Return the place of a stack; its id is the same in each rehearsal."""
    digest = hashlib.sha256(f"{stack.account}/{stack.region}/{stack.name}".encode()).hexdigest()
    uuid = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    return StackPlace(
        name=stack.name,
        stack_id=f"arn:aws:cloudformation:{stack.region}:{stack.account}:stack/{stack.name}/{uuid}",
        account=stack.account,
        region=stack.region,
        role_session_arn=role_session_arn,
    )


class StackEngine:
    """Operations on stacks, one after the other.

    Parameters
    ----------
    tools
        What it needs beside the templates.
    """

    def __init__(self, tools: StackTools) -> None:
        self._tools = tools
        self.stacks: dict[str, DeployedStack] = {}

    def deploy(self, place: StackPlace, body: dict[str, Any], *, only: Collection[str] | None = None) -> StackEnd:
        """Create a stack, or update it if it exists; a failure is rolled back.

        Parameters
        ----------
        place
            The stack.
        body
            Its template.
        only
            The logical ids to take. Default: all.
        """
        existing = self.stacks.get(place.name)
        if existing is not None and existing.status == "ROLLBACK_COMPLETE":
            # Nothing of it is left, and CloudFormation takes no update of it: the CDK deletes it first.
            existing = None
        if existing is not None and existing.status in _STUCK:
            reason = f"the stack is in {existing.status} state and can not be updated"
            return StackEnd(name=place.name, status=existing.status, reason=reason)
        operation = "UPDATE" if existing else "CREATE"
        stack = existing or DeployedStack(place=place, body={})
        self.stacks[place.name] = stack
        with self._tools.world.timeline.at(stack=place.name):
            self._show(stack, operation, Progress.IN_PROGRESS)
            try:
                change = StackChange(self._tools, stack, self.stacks, body, only=only)
            except PenstockError as error:
                return self._end(stack, f"{operation}_FAILED", str(error))
            try:
                change.apply()
                outputs, exports = self._outputs(change, body, lenient=only is not None)
            except PenstockError as error:
                return self._roll_back(stack, change, operation, str(error))
            if operation == "UPDATE":
                self._show(stack, "UPDATE_COMPLETE_CLEANUP", Progress.IN_PROGRESS)
                change.clean_up()
            stack.body, stack.outputs, stack.exports = body, outputs, exports
            return self._end(stack, f"{operation}_COMPLETE")

    def delete(self, name: str) -> StackEnd:
        """Delete a stack; the resources that a failed one needs stay."""
        stack = self.stacks[name]
        bodies = as_mapping(stack.body.get("Resources"))
        order = ResourceOrder({each: bodies.get(each, {}) for each in stack.resources})
        needed: set[str] = set()
        failed: list[str] = []
        with self._tools.world.timeline.at(stack=name):
            self._show(stack, "DELETE", Progress.IN_PROGRESS)
            for logical_id in order.backward:
                if logical_id in needed:
                    continue
                with self._tools.world.timeline.at(logical_id=logical_id):
                    kept = is_kept(as_mapping(bodies.get(logical_id)))
                    if delete_resource(self._tools, stack.resources[logical_id], kept=kept):
                        del stack.resources[logical_id]
                    else:
                        failed.append(logical_id)
                        needed |= order.ancestors(logical_id)
            if failed:
                return self._end(stack, "DELETE_FAILED", f"not deleted: {', '.join(failed)}")
            del self.stacks[name]
            return self._end(stack, "DELETE_COMPLETE")

    def _roll_back(self, stack: DeployedStack, change: StackChange, operation: str, reason: str) -> StackEnd:
        rollback = "ROLLBACK" if operation == "CREATE" else "UPDATE_ROLLBACK"
        self._show(stack, rollback, Progress.IN_PROGRESS, reason)
        failed = change.undo()
        if failed:
            return self._end(stack, f"{rollback}_FAILED", f"{reason}; the rollback failed: {'; '.join(failed)}")
        return self._end(stack, f"{rollback}_COMPLETE", reason)

    def _outputs(
        self, change: StackChange, body: dict[str, Any], *, lenient: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return outputs and exports; a play of few resources has only some of them."""
        outputs: dict[str, Any] = {}
        exports: dict[str, Any] = {}
        for name, output in as_mapping(body.get("Outputs")).items():
            if not change.values.includes(output):
                continue
            try:
                outputs[name] = change.values.resolve(output.get("Value"))
                if (export := as_mapping(output.get("Export")).get("Name")) is not None:
                    exports[str(change.values.resolve(export))] = outputs[name]
            except PenstockError:
                if not lenient:
                    raise
        return outputs, exports

    def _show(self, stack: DeployedStack, operation: str, progress: Progress, reason: str = "") -> None:
        stack.status = f"{operation}_{progress}"
        self._tools.world.stack_statuses[stack.place.stack_id] = stack.status
        self._tools.world.timeline.record_event(
            type=_STACK, name=stack.place.name, operation=operation, progress=progress, reason=reason
        )

    def _end(self, stack: DeployedStack, status: str, reason: str = "") -> StackEnd:
        operation, _, progress = status.rpartition("_")
        self._show(stack, operation, Progress(progress), reason)
        return StackEnd(name=stack.place.name, status=status, reason=reason)
