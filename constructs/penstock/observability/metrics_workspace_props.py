"""The small types that a MetricsWorkspace uses, and the limits of Managed Service for Prometheus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import Token

from penstock.observability.errors import MetricsWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("LabelSetLimit", "check_between", "read_alert_manager", "read_rules")

_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GROUPS: Final = re.compile(r"^groups\s*:", re.MULTILINE)
_ALERT_MANAGER: Final = re.compile(r"^alertmanager_config\s*:", re.MULTILINE)
_TAB_INDENT: Final = re.compile(r"^ *\t", re.MULTILINE)
_MAX_FILE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class LabelSetLimit:
    """How many active series may carry a set of labels, so that one team or job cannot fill the workspace.

    Parameters
    ----------
    labels
        The labels that a series must have; none stands for all series that no other limit is for.
    max_series
        The most active series; 0 counts them only, without a limit (Managed Prometheus API, LimitsPerLabelSetEntry).

    Raises MetricsWorkspaceError for a label that Prometheus does not know as one, and a negative number.
    """

    labels: Mapping[str, str]
    max_series: int

    def __post_init__(self) -> None:
        """Refuse what the service would refuse."""
        for name, value in self.labels.items():
            if not _LABEL_NAME.fullmatch(name) or not value:
                message = f"expected a label's name and its value, got {name!r}: {value!r}"
                raise MetricsWorkspaceError(message)
        if self.max_series < 0:
            message = f"max_series must be 0 or more, got {self.max_series}"
            raise MetricsWorkspaceError(message)


def check_between(name: str, value: float, least: int, most: int) -> int:
    """Return a whole number within bounds, or raise MetricsWorkspaceError."""
    if Token.is_unresolved(value):
        message = f"{name} must be known at synthesis"
        raise MetricsWorkspaceError(message)
    if not least <= value <= most or value != int(value):
        message = f"{name} must be a whole number from {least} to {most}, got {value:g}"
        raise MetricsWorkspaceError(message)
    return int(value)


def read_rules(source: str | Path) -> str:
    """Return the text of a rule file; raise MetricsWorkspaceError where it cannot be one (AMP, Ruler)."""
    return _read(source, "a rule file", _GROUPS, "groups:")


def read_alert_manager(source: str | Path) -> str:
    """Return the text of an alert manager definition; raise MetricsWorkspaceError where it cannot be one."""
    return _read(source, "an alert manager definition", _ALERT_MANAGER, "alertmanager_config: |")


def _read(source: str | Path, what: str, key: re.Pattern[str], example: str) -> str:
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    if Token.is_unresolved(text):
        return text
    named = f"{what} ({source})" if isinstance(source, Path) else what
    if not key.search(text):
        message = f"{named} must have {example!r} at its top level: check that it is the right file"
        raise MetricsWorkspaceError(message)
    if _TAB_INDENT.search(text):
        message = f"{named} is indented with tabs, which YAML does not allow: use spaces"
        raise MetricsWorkspaceError(message)
    if len(text.encode()) > _MAX_FILE_BYTES:
        message = f"{named} must be at most {_MAX_FILE_BYTES} bytes, got {len(text.encode())}: split it"
        raise MetricsWorkspaceError(message)
    return text
