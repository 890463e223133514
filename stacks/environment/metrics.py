"""The table ``[metrics]`` of an environment's file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.environment.settings import Settings, text_of_form


class MetricsSettings(Settings):
    """The workspaces of Amazon Managed Service for Prometheus and Amazon Managed Grafana."""

    workspace_name: Annotated[
        str, text_of_form(r"[a-zA-Z0-9._-]{1,100}", "1 to 100 letters, digits, dots, underscores and hyphens")
    ]
    """The name of both workspaces."""
    retention_days: Annotated[int, Field(ge=1, le=1095)] = 150
    dashboards: bool = True
    """True for a Grafana workspace, to which people sign in through IAM Identity Center."""
