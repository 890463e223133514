"""Lambda functions that are deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """A function.

    Parameters
    ----------
    arn, name
        The ARN without a version, and the name.
    role_arn
        The role with which it runs.
    runtime, handler
        As in the template; empty for a container image.
    code
        A folder or a zip; None for a container image.
    environment
        The environment variables.
    log_group_name
        The log group, which Lambda creates if it does not exist.
    timeout_seconds
        The longest run.
    """

    arn: str
    name: str
    role_arn: str
    runtime: str = ""
    handler: str = ""
    code: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    log_group_name: str
    timeout_seconds: int = 3


class DeployedFunctions:
    """The functions, by ARN."""

    def __init__(self) -> None:
        self._functions: dict[str, DeployedFunction] = {}

    def deploy(self, function: DeployedFunction) -> None:
        """Add a function, or replace the one of its ARN."""
        self._functions[function.arn] = function

    def remove(self, arn: str) -> None:
        """Remove a function, if it exists."""
        self._functions.pop(arn, None)

    def find(self, arn: str) -> DeployedFunction | None:
        """Return the function of an ARN, None if there is none."""
        return self._functions.get(arn)
