"""One call that CloudFormation makes, as a statement of a policy would allow it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("ANYTHING", "Call", "Condition")

ANYTHING = ("*",)
"""The resource of an action that takes none (service authorization reference: an empty column of resource types)."""

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key and values of a condition."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """An action on resources, under conditions.

    Parameters
    ----------
    action, resources
        What is done to what: ARNs, with wildcards where only the deployment knows.
    conditions
        All must be met. Default: none.
    """

    action: str
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()

    @property
    def service(self) -> str:
        """The service prefix of the action."""
        return self.action.partition(":")[0]
