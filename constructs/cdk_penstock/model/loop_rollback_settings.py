"""The settings of the function that rolls back an application whose job fails again and again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LoopRollbackSettings:
    """The application, the stack that deploys it, and how old a version may be to be rolled back."""

    application_name: str
    operator_role_arn: str
    stack_id: str
    within_seconds: int
