"""A dashboard as code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from aws_cdk import Token

from cdk_penstock.foundation.text_files import read_text_file
from cdk_penstock.model.grafana import is_mark
from cdk_penstock.observability.errors import DashboardError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ("Dashboard", "DashboardBuilder", "PrometheusDataSource")

_MAX_BYTES: Final = 4 * 1024 * 1024
"""What a function of 256 MiB reads many of; the largest dashboards of the field have a tenth."""


@dataclass(frozen=True, kw_only=True)
class PrometheusDataSource:
    """How a dashboard names its data source; ``add_prometheus_data_source`` returns one.

    Parameters
    ----------
    uid, type
        Grafana's own terms.
    """

    uid: str
    type: str


class DashboardBuilder(Protocol):
    """A dashboard's builder of grafana-foundation-sdk."""

    def build(self) -> Any:
        """Return the dashboard."""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A dashboard in Grafana's JSON, made by one of the static factories.

    Parameters
    ----------
    name
        Behind its folder's uid it makes the dashboard's uid, and so its address: letters, digits, ``-`` and ``_``.
    content
        Grafana's JSON; ``id``, ``uid`` and ``version`` in it are left out, they are Grafana's and penstock's matter.

    Raises DashboardError without a title, for what is no JSON, for CDK tokens, which a file cannot have, and for more
    than 4 MiB.
    """

    name: str
    content: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what Grafana would refuse, or what could not get there."""
        if not isinstance(self.content.get("title"), str) or not self.content["title"].strip():
            message = f"dashboard {self.name!r} must have a title, got {self.content.get('title')!r}"
            raise DashboardError(message)
        try:
            text = json.dumps(self.content, allow_nan=False)
        except (TypeError, ValueError) as error:
            message = f"dashboard {self.name!r} must be JSON, got {error}"
            raise DashboardError(message) from error
        if Token.is_unresolved(text):
            message = (
                f"dashboard {self.name!r} has a value that is known only at deployment: use a variable of the dashboard"
                " or the uid that add_prometheus_data_source returns"
            )
            raise DashboardError(message)
        if len(text) > _MAX_BYTES:
            message = f"dashboard {self.name!r} must be at most {_MAX_BYTES} bytes, got {len(text)}"
            raise DashboardError(message)

    @staticmethod
    def from_builder(name: str, builder: DashboardBuilder) -> Dashboard:
        """Return the dashboard of a builder of grafana-foundation-sdk."""
        # Imported here, so that only those who have dashboards pay for it.
        from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415

        return Dashboard.from_json(name, JSONEncoder(sort_keys=True).encode(builder.build()))

    @staticmethod
    def from_json(name: str, text: str) -> Dashboard:
        """Return the dashboard of Grafana's JSON, as *Export* gives it; raise DashboardError if it is no object."""
        try:
            content = json.loads(text)
        except ValueError as error:
            message = f"dashboard {name!r} must be JSON, got {error}"
            raise DashboardError(message) from error
        if not isinstance(content, dict):
            message = f"dashboard {name!r} must be a JSON object, got {type(content).__name__}"
            raise DashboardError(message)
        return Dashboard(name=name, content=content)

    @staticmethod
    def from_file(name: str, path: Path) -> Dashboard:
        """Return the dashboard of a file with Grafana's JSON; raise DashboardError if it cannot be read."""
        return Dashboard.from_json(name, read_text_file(path, f"dashboard {name!r}", DashboardError))

    def marked(self, mark: str) -> bytes:
        """Return the JSON with the owner's mark as a tag; the same dashboard makes the same bytes.

        Other tags that begin with ``penstock:`` are left out: an exported dashboard may carry another deployment's.
        """
        content = {name: value for name, value in self.content.items() if name not in {"id", "uid", "version"}}
        content["tags"] = [*(tag for tag in content.get("tags") or [] if not is_mark(tag)), mark]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
