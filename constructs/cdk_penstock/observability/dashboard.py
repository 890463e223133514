"""Dashboards as code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from aws_cdk import Token

from cdk_penstock.foundation.text_files import read_text_file
from cdk_penstock.model.grafana import CLOUDWATCH_PLUGIN, is_mark
from cdk_penstock.observability.errors import DashboardError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAX_BYTES: Final = 4 * 1024 * 1024
"""A function of 256 MiB can read many of this size; known large dashboards have a tenth of it."""


@dataclass(frozen=True, kw_only=True)
class PrometheusDataSource:
    """Reference of a dashboard to its data source; ``add_prometheus_data_source`` returns one.

    Parameters
    ----------
    uid, type
        As in Grafana.
    """

    uid: str
    type: str


@dataclass(frozen=True, kw_only=True)
class CloudWatchDataSource:
    """Reference of a dashboard to its data source; ``add_cloudwatch_data_source`` returns one.

    Parameters
    ----------
    uid
        As in Grafana.
    type
        The id of the plugin. Default: the one that is a part of Grafana.
    """

    uid: str
    type: str = CLOUDWATCH_PLUGIN


class DashboardBuilder(Protocol):
    """A dashboard's builder of grafana-foundation-sdk."""

    def build(self) -> Any:
        """Return the dashboard."""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A dashboard in Grafana's JSON; created by the static factories.

    Parameters
    ----------
    name
        Letters, digits, ``-`` and ``_``. With the folder's uid it forms the dashboard's uid, which is in its address.
    content
        Grafana's JSON; its ``id``, ``uid`` and ``version`` are removed, because Grafana and penstock set them.

    Raises DashboardError for a missing title, for content that is not JSON, for CDK tokens, which a file cannot have,
    and for more than 4 MiB.
    """

    name: str
    content: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what Grafana would refuse, or what cannot be transferred."""
        if not isinstance(self.content.get("title"), str) or not self.content["title"].strip():
            raise DashboardError(f"dashboard {self.name!r} must have a title, got {self.content.get('title')!r}")
        try:
            text = json.dumps(self.content, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise DashboardError(f"dashboard {self.name!r} must be JSON, got {error}") from error
        if Token.is_unresolved(text):
            raise DashboardError(
                f"dashboard {self.name!r} has a value that is known only at deployment: use a variable of the dashboard"
                " or the uid that add_prometheus_data_source returns"
            )
        if len(text) > _MAX_BYTES:
            raise DashboardError(f"dashboard {self.name!r} must be at most {_MAX_BYTES} bytes, got {len(text)}")

    @staticmethod
    def from_builder(name: str, builder: DashboardBuilder) -> Dashboard:
        """Return the dashboard of a builder of grafana-foundation-sdk."""
        # Imported here, because it is slow and only dashboards need it.
        from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415

        return Dashboard.from_json(name, JSONEncoder(sort_keys=True).encode(builder.build()))

    @staticmethod
    def from_json(name: str, text: str) -> Dashboard:
        """Return the dashboard of Grafana's JSON, as *Export* writes it; raise DashboardError for other JSON."""
        try:
            content = json.loads(text)
        except ValueError as error:
            raise DashboardError(f"dashboard {name!r} must be JSON, got {error}") from error
        if not isinstance(content, dict):
            raise DashboardError(f"dashboard {name!r} must be a JSON object, got {type(content).__name__}")
        return Dashboard(name=name, content=content)

    @staticmethod
    def from_file(name: str, path: Path) -> Dashboard:
        """Return the dashboard of a file with Grafana's JSON; raise DashboardError if it cannot be read."""
        return Dashboard.from_json(name, read_text_file(path, f"dashboard {name!r}", DashboardError))

    def marked(self, mark: str) -> bytes:
        """Return the JSON with the owner's mark as a tag; the same dashboard gives the same bytes.

        Other tags that begin with ``penstock:`` are removed: an exported dashboard may have another deployment's mark.
        """
        content = {name: value for name, value in self.content.items() if name not in {"id", "uid", "version"}}
        content["tags"] = [*(tag for tag in content.get("tags") or [] if not is_mark(tag)), mark]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
