"""One call that CloudFormation makes, as a statement of a policy would allow it."""

from __future__ import annotations

from dataclasses import dataclass

ANYTHING = ("*",)
"""The resource of an action without resources (service authorization reference: no resource types in its row)."""

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key and values of a condition."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """An action on resources, under conditions.

    Parameters
    ----------
    action, resources
        The action and its resources: ARNs, with wildcards for parts that only the deployment knows.
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
