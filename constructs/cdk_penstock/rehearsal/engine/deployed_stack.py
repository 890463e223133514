"""A stack that exists, and the values that its template and other stacks read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.engine.resources import Existing, StackPlace
    from cdk_penstock.rehearsal.world.authority import Authority


@dataclass(kw_only=True)
class DeployedStack:
    """A stack.

    Parameters
    ----------
    place
        Where it is.
    body
        Its template, as it was deployed last.
    resources
        Its resources, by logical id.
    outputs, exports
        Values of its outputs by name, and of its exports.
    status
        As CloudFormation shows it.
    """

    place: StackPlace
    body: Mapping[str, Any]
    resources: dict[str, Existing] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class LiveReferences:
    """The references of one stack's template, to its resources and to other stacks.

    Parameters
    ----------
    stack
        The stack whose template it is.
    stacks
        All stacks, by name.
    authority
        Decides who may read outputs.
    """

    stack: DeployedStack
    stacks: Mapping[str, DeployedStack]
    authority: Authority

    def ref(self, logical_id: str) -> Any:
        """Return the physical id of a resource."""
        return self._existing(logical_id).made.physical_id

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return an attribute of a resource."""
        existing = self._existing(logical_id)
        if name not in existing.made.attributes:
            raise RehearsalError(f"{logical_id}, a {existing.wanted.type}, has no attribute {name} here")
        return existing.made.attributes[name]

    def _existing(self, logical_id: str) -> Existing:
        existing = self.stack.resources.get(logical_id)
        if existing is None:
            raise RehearsalError(f"stack {self.stack.place.name} has no {logical_id} yet")
        return existing

    def exported(self, name: str) -> Any:
        """Return an export of the account and Region."""
        place = self.stack.place
        for other in self.stacks.values():
            if (other.place.account, other.place.region) == (place.account, place.region) and name in other.exports:
                return other.exports[name]
        raise RehearsalError(
            f"there is no export {name} in {place.account}/{place.region}: deploy the stack that has it"
        )

    def stack_output(self, given: Mapping[str, Any]) -> Any:
        """Return an output of another stack, which CloudFormation reads with the execution role of this one."""
        name, output = str(given["StackName"]), str(given["OutputName"])
        other = self.stacks.get(name)
        stack_id = other.place.stack_id if other else f"stack {name}"
        self.authority.require(self.stack.place.cloudformation, "cloudformation:DescribeStacks", stack_id)
        if other is None or output not in other.outputs:
            raise RehearsalError(f"stack {name} has no output {output}: deploy it before {self.stack.place.name}")
        return other.outputs[output]
