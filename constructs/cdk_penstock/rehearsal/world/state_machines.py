"""State machines of Step Functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class StateMachine:
    """A state machine.

    Parameters
    ----------
    arn
        Its ARN.
    role_arn
        The role with which it runs.
    definition
        Its definition in the Amazon States Language.
    """

    arn: str
    role_arn: str
    definition: Mapping[str, Any]
