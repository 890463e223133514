"""One change of a stack: resource by resource, with what it takes to undo it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.engine.deployed_stack import LiveReferences
from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError, ResourceFailedError
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder
from cdk_penstock.rehearsal.template.template_values import TemplateValues
from cdk_penstock.rehearsal.timeline import Progress
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cdk_penstock.rehearsal.engine.deployed_stack import DeployedStack
    from cdk_penstock.rehearsal.engine.stack_tools import StackTools

_KEPT: Final = frozenset({"Retain", "Snapshot"})
_KEPT_UNLESS_CREATED: Final = frozenset({*_KEPT, "RetainExceptOnCreate"})
_CREATE, _UPDATE, _DELETE, _REPLACE = "CREATE", "UPDATE", "DELETE", "REPLACE"


@dataclass(frozen=True, kw_only=True)
class _Done:
    """A resource that the change has touched, and what it was before: None if it did not exist."""

    logical_id: str
    before: Existing | None


@dataclass(frozen=True, kw_only=True)
class _LeftOver:
    """A resource that the clean-up phase deletes, and the policy that may keep it."""

    existing: Existing
    policy: object


class StackChange:
    """Brings a stack to a template.

    Parameters
    ----------
    tools
        The engine's tools.
    stack
        The stack, which changes.
    stacks
        All stacks, by name, for references between them.
    body
        The template.
    only
        The logical ids to take, for a play of few resources. Default: all.
    """

    def __init__(
        self,
        tools: StackTools,
        stack: DeployedStack,
        stacks: Mapping[str, DeployedStack],
        body: Mapping[str, Any],
        *,
        only: Collection[str] | None = None,
    ) -> None:
        self._tools = tools
        self._stack = stack
        self._before = dict(stack.resources)
        self._bodies_before = as_mapping(stack.body.get("Resources"))
        references = LiveReferences(stack=stack, stacks=stacks, authority=tools.world.authority)
        self.values = TemplateValues(body=body, place=stack.place, parameters=tools.parameters, references=references)
        self._resources = {
            logical_id: resource
            for logical_id, resource in as_mapping(body.get("Resources")).items()
            if (only is None or logical_id in only) and self.values.includes(resource)
        }
        self.order = ResourceOrder(self._resources)
        self._done: list[_Done] = []
        self._left_over: list[_LeftOver] = []
        self._replacements: list[Existing] = []

    def apply(self) -> None:
        """Create and change what the template wants, in order; raise PenstockError for the first failure."""
        for logical_id in self.order.forward:
            with self._tools.world.timeline.at(logical_id=logical_id):
                self._apply_one(logical_id)

    def _apply_one(self, logical_id: str) -> None:
        body = self._resources[logical_id]
        place = self._stack.place
        name = str(as_mapping(body.get("Metadata")).get("aws:cdk:path", logical_id)).removesuffix("/Resource")
        unresolved = Wanted(place=place, logical_id=logical_id, type=str(body["Type"]), name=name)
        before = self._stack.resources.get(logical_id)
        operation = _CREATE if before is None else _UPDATE
        try:
            properties = self.values.resolve(as_mapping(body.get("Properties")))
            wanted = Wanted(place=place, logical_id=logical_id, type=unresolved.type, name=name, properties=properties)
            if before is not None:
                if before.wanted.type != wanted.type:
                    raise RehearsalError(
                        f"update of resource type is not permitted: {logical_id} was a {before.wanted.type}"
                    )
                if before.wanted.properties == properties:
                    return
                operation = self._operation(before, wanted)
            self._tools.tell(wanted, operation, Progress.IN_PROGRESS)
            self._make(wanted, before, operation)
        except PenstockError as error:
            self._tools.tell(unresolved, operation, Progress.FAILED, str(error))
            raise
        not_proven = self._tools.provider_of(wanted.type).not_proven(wanted)
        self._tools.tell(wanted, operation, Progress.COMPLETE, not_proven)

    def _operation(self, before: Existing, wanted: Wanted) -> str:
        changed = self._tools.must_replace(wanted.type, before.wanted.properties, wanted.properties)
        return _REPLACE if changed else _UPDATE

    def _make(self, wanted: Wanted, before: Existing | None, operation: str) -> None:
        provider = self._tools.provider_of(wanted.type)
        is_update = before is not None and operation == _UPDATE
        self._tools.before("update" if is_update else "create", wanted)
        try:
            if before is not None and is_update:
                # A failed update has begun: it is undone like a finished one.
                self._done.append(_Done(logical_id=wanted.logical_id, before=before))
                made = provider.update(before, wanted)
            else:
                made = provider.create(wanted)
                self._done.append(_Done(logical_id=wanted.logical_id, before=before))
        except ResourceFailedError as error:
            if error.made is not None and not is_update:
                self._done.append(_Done(logical_id=wanted.logical_id, before=before))
                self._stack.resources[wanted.logical_id] = Existing(wanted=wanted, made=error.made)
            raise
        self._keep(wanted, made, before)

    def _keep(self, wanted: Wanted, made: Made, before: Existing | None) -> None:
        self._stack.resources[wanted.logical_id] = Existing(wanted=wanted, made=made)
        if before is not None and before.made.physical_id != made.physical_id:
            policy = as_mapping(self._bodies_before.get(wanted.logical_id)).get("UpdateReplacePolicy")
            self._left_over.append(_LeftOver(existing=before, policy=policy))

    def undo(self) -> list[str]:
        """Bring back what was there before, and return what could not be brought back, as sentences.

        What was updated is updated again first, then what was created is deleted, the last one first.
        """
        updated = [each for each in self._done if each.before is not None]
        is_forward = self._tools.world.options.rollback_follows_dependencies
        failed: list[str] = []
        for done in updated if is_forward else reversed(updated):
            with self._tools.world.timeline.at(logical_id=done.logical_id):
                failed += self._restore_one(done)
        for done in reversed(self._done):
            with self._tools.world.timeline.at(logical_id=done.logical_id):
                failed += self._remove_one(done)
        return failed

    def _restore_one(self, done: _Done) -> list[str]:
        """Update a resource to what it was; one that was replaced is still there."""
        before, present = done.before, self._stack.resources.get(done.logical_id)
        if before is None or present is None:
            return []
        if present.made.physical_id != before.made.physical_id:
            self._replacements.append(present)
        else:
            wanted = dataclasses.replace(before.wanted, properties=self._resolved_or(done.logical_id, before))
            problem = self._restore(Existing(wanted=wanted, made=present.made), before)
            if problem:
                return [f"{before.wanted.name}: {problem}"]
        self._stack.resources[done.logical_id] = before
        return []

    def _remove_one(self, done: _Done) -> list[str]:
        """Delete a resource that the change has created, also in place of another."""
        created = [each for each in self._replacements if each.wanted.logical_id == done.logical_id]
        kept = False
        if done.before is None:
            present = self._stack.resources.pop(done.logical_id, None)
            created = [present] if present is not None else []
            kept = as_mapping(self._resources[done.logical_id]).get("DeletionPolicy") in _KEPT
        is_deleted = [delete_resource(self._tools, each, kept=kept) for each in created]
        return [] if all(is_deleted) else [f"{done.logical_id} was not deleted"]

    def _resolved_or(self, logical_id: str, before: Existing) -> Mapping[str, Any]:
        """Return the properties that an update was to bring."""
        try:
            return dict(self.values.resolve(as_mapping(self._resources[logical_id].get("Properties"))))
        except PenstockError:
            return before.wanted.properties

    def _restore(self, present: Existing, before: Existing) -> str:
        """Update a resource to what it was; return the problem of a failure, else an empty text."""
        self._tools.tell(before.wanted, _UPDATE, Progress.IN_PROGRESS)
        try:
            self._tools.before("update", before.wanted)
            self._tools.provider_of(before.wanted.type).update(present, before.wanted)
        except PenstockError as error:
            self._tools.tell(before.wanted, _UPDATE, Progress.FAILED, str(error))
            return str(error)
        self._tools.tell(before.wanted, _UPDATE, Progress.COMPLETE)
        return ""

    def clean_up(self) -> None:
        """Delete what was replaced, and what the template does not have any more; a failure does not fail the stack."""
        gone = [logical_id for logical_id in self._before if logical_id not in self._resources]
        order = ResourceOrder({each: self._bodies_before.get(each, {}) for each in self._before})
        for left in reversed(self._left_over):
            with self._tools.world.timeline.at(logical_id=left.existing.wanted.logical_id):
                delete_resource(self._tools, left.existing, kept=left.policy in _KEPT)
        for logical_id in order.backward:
            if logical_id in gone:
                with self._tools.world.timeline.at(logical_id=logical_id):
                    policy = as_mapping(self._bodies_before.get(logical_id)).get("DeletionPolicy")
                    removed = self._stack.resources.pop(logical_id)
                    delete_resource(self._tools, removed, kept=policy in _KEPT_UNLESS_CREATED)


def delete_resource(tools: StackTools, existing: Existing, *, kept: bool) -> bool:
    """Delete a resource, unless its policy keeps it; return False if that failed."""
    wanted = existing.wanted
    if kept:
        tools.tell(wanted, _DELETE, Progress.SKIPPED, "its policy retains it")
        return True
    tools.tell(wanted, _DELETE, Progress.IN_PROGRESS)
    try:
        tools.before("delete", wanted)
        tools.provider_of(wanted.type).delete(existing)
    except PenstockError as error:
        tools.tell(wanted, _DELETE, Progress.FAILED, str(error))
        return False
    tools.tell(wanted, _DELETE, Progress.COMPLETE)
    return True


def is_kept(body: Mapping[str, Any]) -> bool:
    """Return True if a resource stays when its stack is deleted."""
    return body.get("DeletionPolicy") in _KEPT_UNLESS_CREATED
