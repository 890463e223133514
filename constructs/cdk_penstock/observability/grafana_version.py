"""The versions of Grafana that a workspace can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.grafana import AMAZON_PROMETHEUS_PLUGIN, CORE_PROMETHEUS_PLUGIN
from cdk_penstock.observability.errors import DashboardWorkspaceError

__all__ = ("GrafanaVersion",)

_OWN_PLUGIN_FROM = 12


@dataclass(frozen=True, kw_only=True)
class GrafanaVersion:
    """A version of Grafana; ``of`` takes one that is not named here yet.

    Parameters
    ----------
    version
        As Managed Grafana calls it, such as ``12.4`` (``aws grafana list-versions``). A workspace goes up only.
    """

    V10_4: ClassVar[GrafanaVersion]
    V12_4: ClassVar[GrafanaVersion]

    version: str

    @staticmethod
    def of(version: str) -> GrafanaVersion:
        """Return a version by its name; raise DashboardWorkspaceError below 9, which has no service accounts."""
        return GrafanaVersion(version=version)

    def __post_init__(self) -> None:
        """Refuse what is no version, and what the provisioning of content cannot work with."""
        major = self.version.partition(".")[0]
        if not major.isdecimal() or int(major) < 9:  # noqa: PLR2004 - Grafana 9
            message = f"expected a version of Grafana from 9 on, such as '12.4', got {self.version!r}"
            raise DashboardWorkspaceError(message)

    @property
    def prometheus_data_source_type(self) -> str:
        """The plugin that queries Managed Prometheus: from 12 on that of AWS, as signing in Grafana's own one ends.

        Where a workspace does not have it, the data source gets Grafana's own one (Grafana, "Connect to Amazon Managed
        Service for Prometheus").
        """
        own_plugin = int(self.version.partition(".")[0]) >= _OWN_PLUGIN_FROM
        return AMAZON_PROMETHEUS_PLUGIN if own_plugin else CORE_PROMETHEUS_PLUGIN


GrafanaVersion.V10_4 = GrafanaVersion(version="10.4")
GrafanaVersion.V12_4 = GrafanaVersion(version="12.4")
