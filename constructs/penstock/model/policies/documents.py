"""Policy documents as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ("PolicyDocument", "Statement")

_VERSION = "2012-10-17"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement that allows.

    Parameters
    ----------
    sid
        Its id.
    actions, resources
        What is allowed on what.
    conditions
        Values by condition key, by operator.
    source
        The page of AWS's documentation, or the requirement, that it comes from.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return the statement as AWS writes it: a single value stands alone."""
        rendered: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _alone(self.actions),
            "Resource": _alone(self.resources),
        }
        if self.conditions:
            rendered["Condition"] = {operator: dict(keys) for operator, keys in self.conditions.items()}
        return rendered


@dataclass(frozen=True)
class PolicyDocument:
    """Statements in their order."""

    statements: tuple[Statement, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document as AWS takes it."""
        return {"Version": _VERSION, "Statement": [statement.to_json() for statement in self.statements]}


def _alone(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
