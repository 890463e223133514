"""The custom resource that keeps data sources and dashboards in a Managed Grafana workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.grafana import CloudWatchSource, DataSource


@dataclass(frozen=True, kw_only=True)
class DashboardAsset:
    """A dashboard's uid, and the object in S3 that holds the dashboard."""

    uid: str
    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class GrafanaContentResource(CustomResourceProperties):
    """The content of one folder of a workspace.

    Parameters
    ----------
    workspace_id
        The workspace.
    folder_uid, folder_title
        The folder of all dashboards.
    mark
        The mark of everything that this deployment owns.
    dashboards
        The dashboards.
    data_sources
        The data sources for Prometheus.
    cloudwatch_data_sources
        The data sources for CloudWatch.
    """

    resource_type: ClassVar[str] = "Custom::PenstockGrafanaContent"

    workspace_id: str
    folder_uid: str
    folder_title: str
    mark: str
    dashboards: tuple[DashboardAsset, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
    cloudwatch_data_sources: tuple[CloudWatchSource, ...] = ()

    def has_same_folder_as(self, other: GrafanaContentResource | None) -> bool:
        """Return True if both are about one folder of one owner, whatever its title and content."""
        return other is not None and (
            (self.workspace_id, self.folder_uid, self.mark) == (other.workspace_id, other.folder_uid, other.mark)
        )
