"""Label set limits of a MetricsWorkspace, and a check of numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Token

from cdk_penstock.observability.errors import MetricsWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class LabelSetLimit:
    """Limit of active series with a set of labels, so that one team or job cannot fill the workspace.

    Parameters
    ----------
    labels
        The labels that a series must have; empty for all series without another limit.
    max_series
        Most active series; 0 only counts them, without a limit (Managed Prometheus API, LimitsPerLabelSetEntry).

    Raises MetricsWorkspaceError for a label that is not valid in Prometheus, and for a negative number.
    """

    labels: Mapping[str, str]
    max_series: int

    def __post_init__(self) -> None:
        """Refuse what the service would refuse."""
        for name, value in self.labels.items():
            if not _LABEL_NAME.fullmatch(name) or not value:
                raise MetricsWorkspaceError(f"expected a label's name and its value, got {name!r}: {value!r}")
        if self.max_series < 0:
            raise MetricsWorkspaceError(f"max_series must be 0 or more, got {self.max_series}")


def check_between(name: str, value: float, least: int, most: int) -> int:
    """Return a whole number within bounds, or raise MetricsWorkspaceError."""
    if Token.is_unresolved(value):
        raise MetricsWorkspaceError(f"{name} must be known at synthesis")
    if not least <= value <= most or value != int(value):
        raise MetricsWorkspaceError(f"{name} must be a whole number from {least} to {most}, got {value:g}")
    return int(value)
