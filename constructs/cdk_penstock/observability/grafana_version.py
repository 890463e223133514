"""Versions of Grafana."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.grafana import AMAZON_PROMETHEUS_PLUGIN, CORE_PROMETHEUS_PLUGIN
from cdk_penstock.observability.errors import DashboardWorkspaceError

_OWN_PLUGIN_FROM = 12


@dataclass(frozen=True, kw_only=True)
class GrafanaVersion:
    """A version of Grafana; ``of`` takes one that has no constant yet.

    Parameters
    ----------
    version
        The name in Managed Grafana, such as ``12.4`` (``aws grafana list-versions``). It can only be raised.
    """

    V10_4: ClassVar[GrafanaVersion]
    V12_4: ClassVar[GrafanaVersion]

    version: str

    @staticmethod
    def of(version: str) -> GrafanaVersion:
        """Return a version by its name; raise DashboardWorkspaceError below 9, which has no service accounts."""
        return GrafanaVersion(version=version)

    def __post_init__(self) -> None:
        """Refuse text that is not a version, and versions that GrafanaContent does not support."""
        major = self.version.partition(".")[0]
        if not major.isdecimal() or int(major) < 9:  # noqa: PLR2004 - Grafana 9
            raise DashboardWorkspaceError(
                f"expected a version of Grafana from 9 on, such as '12.4', got {self.version!r}"
            )

    @property
    def prometheus_data_source_type(self) -> str:
        """The plugin that queries Managed Prometheus: AWS's from 12 on, because Grafana's will no longer sign requests.

        If a workspace lacks it, the data source gets Grafana's plugin (Grafana, "Connect to Amazon Managed Service for
        Prometheus").
        """
        own_plugin = int(self.version.partition(".")[0]) >= _OWN_PLUGIN_FROM
        return AMAZON_PROMETHEUS_PLUGIN if own_plugin else CORE_PROMETHEUS_PLUGIN


GrafanaVersion.V10_4 = GrafanaVersion(version="10.4")
GrafanaVersion.V12_4 = GrafanaVersion(version="12.4")
