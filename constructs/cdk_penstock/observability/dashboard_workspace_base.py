"""Interface and base class of Grafana workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aws_cdk import ArnFormat, Stack
from constructs import Construct, IConstruct

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.observability.grafana_version import GrafanaVersion


class IDashboardWorkspace(IConstruct, Protocol):
    """A workspace of Managed Grafana, created in this app or elsewhere."""

    @property
    def workspace_id(self) -> str:
        """The id, ``g-`` and ten hexadecimal digits."""

    @property
    def workspace_arn(self) -> str:
        """The Amazon Resource Name."""

    @property
    def grafana_version(self) -> GrafanaVersion:
        """The version of Grafana, which decides the plugin of the data source."""

    @property
    def role(self) -> iam.IRole | None:
        """The role that it queries with, None if it is not known."""

    @property
    def is_restricted(self) -> bool:
        """True if only certain networks reach it."""


class DashboardWorkspaceBase(Construct):
    """The common part of workspaces: it needs only the id."""

    _workspace_id: str
    _grafana_version: GrafanaVersion
    _role: iam.IRole | None
    _is_restricted: bool

    @property
    def workspace_id(self) -> str:
        """The id, ``g-`` and ten hexadecimal digits."""
        return self._workspace_id

    @property
    def workspace_arn(self) -> str:
        """The Amazon Resource Name."""
        return Stack.of(self).format_arn(
            service="grafana",
            resource="/workspaces",
            resource_name=self.workspace_id,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    @property
    def grafana_version(self) -> GrafanaVersion:
        """The version of Grafana, which decides the plugin of the data source."""
        return self._grafana_version

    @property
    def role(self) -> iam.IRole | None:
        """The role that it queries with, None if it is not known."""
        return self._role

    @property
    def is_restricted(self) -> bool:
        """True if only certain networks reach it."""
        return self._is_restricted
