"""The handler that keeps a deployment's data sources and dashboards in a Managed Grafana workspace.

Attribute: ``Url``, the address of the workspace.

End states, which each error's message names as well:

- Create or Update: every dashboard and data source is as the template has it, those that it no longer has are gone.
  What fails for good leaves some of it done; CloudFormation then rolls back, which is an Update with the old properties
  or the Delete of what was being created, and does not mind what it finds.
- Delete: everything with the deployment's mark is gone, and the folder unless somebody else has put something into it
  or given it another title. With a workspace that is gone, or never came to life, there is nothing to do.
- In no case is anything touched that does not carry the mark, nor a folder of another title, except by an Update of the
  resource that has made it; and no service account stays: where its deletion failed, the next poll or the next
  deployment makes up for it.

What may pass (a workspace being updated, Grafana restarting, AWS out of reach, permissions not in force yet) is waited
for, as every handler does.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from cdk_penstock.control.errors import ControlError, MissingPermissionError, UnavailableError, is_permission_trouble
from cdk_penstock.control.grafana_access import (
    GrafanaClient,
    ServiceAccount,
    WorkspaceCondition,
    WorkspaceMissingError,
    describe_workspace,
)
from cdk_penstock.control.grafana_api import GrafanaApi, connect_to
from cdk_penstock.control.grafana_sync import GrafanaSync
from cdk_penstock.handlers.events import Event, Result, complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import AwsServices
from cdk_penstock.model.custom_resources.grafana_content_resource import GrafanaContentResource
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.grafana import Content

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.grafana_access import Workspace
    from cdk_penstock.model.custom_resources.grafana_content_resource import DashboardAsset

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_MAX_ACCOUNT_NAME_CHARACTERS: Final = 128


class S3Client(Protocol):
    """The client ``s3``."""

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Return the object, its content as a stream."""


@dataclass(frozen=True, kw_only=True)
class GrafanaServices(AwsServices):
    """The clients, connections and time of the handler; a test gives it others.

    ``connect`` opens a connection to a workspace's host. Default: TLS with a verified certificate.
    """

    connect: Callable[[str], http.client.HTTPConnection] = connect_to

    def grafana(self) -> GrafanaClient:
        """Return ``grafana`` with the function's own role."""
        return cast("GrafanaClient", self.client("grafana"))

    def s3(self) -> S3Client:
        """Return ``s3`` with the function's own role."""
        return cast("S3Client", self.client("s3"))


class GrafanaContentHandler(Handler[GrafanaServices]):
    """Answers the framework's two calls."""

    def begin(self, event: Event) -> Result:
        """Check the properties and change nothing."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        resource = event.resource(GrafanaContentResource)
        return {"PhysicalResourceId": f"penstock-grafana-content/{resource.workspace_id}/{resource.mark}"}

    def advance(self, event: Event) -> Result:
        """Bring the workspace to what the template has, all at once, unless it has to be waited for."""
        client, workspace_id = self._services.grafana(), event.resource(GrafanaContentResource).workspace_id
        try:
            workspace = describe_workspace(client, workspace_id)
        except WorkspaceMissingError:
            if not event.is_delete:
                raise
            return complete(Url="")
        condition = workspace.condition
        if condition is WorkspaceCondition.BUSY:
            raise UnavailableError(f"workspace {workspace_id} is {workspace.status}")
        if condition is not WorkspaceCondition.USABLE:
            if event.is_delete:
                return complete(Url="")
            raise ControlError(f"workspace {workspace_id} is {workspace.status}: delete and deploy it again")
        self._change(client, workspace, event)
        return complete(Url=f"https://{workspace.host}")

    def _change(self, client: GrafanaClient, workspace: Workspace, event: Event) -> None:
        resource = event.resource(GrafanaContentResource)
        content = self._content(resource, event)
        # Each deployment has another account, so that two in one workspace do not remove each other's.
        name = content.mark.replace(":", "-")[:_MAX_ACCOUNT_NAME_CHARACTERS]
        with ServiceAccount(client, workspace_id=resource.workspace_id, name=name) as account:
            api = GrafanaApi(
                connect=lambda: self._services.connect(workspace.host),
                new_token=account.new_token,
                clock=self._services.clock,
            )
            try:
                grafana = GrafanaSync(api, content, clock=self._services.clock)
                if event.is_delete:
                    grafana.remove()
                else:
                    grafana.put()
            finally:
                api.close()

    def _content(self, resource: GrafanaContentResource, event: Event) -> Content:
        before = event.old_resource(GrafanaContentResource)
        known = resource.dashboards if before is None else (*resource.dashboards, *before.dashboards)
        return Content(
            mark=resource.mark,
            folder_uid=resource.folder_uid,
            folder_title=resource.folder_title,
            # A deletion needs no content, which may be gone by then.
            dashboards={} if event.is_delete else self._read(resource.dashboards),
            data_sources=() if event.is_delete else (*resource.data_sources, *resource.cloudwatch_data_sources),
            known_uids=frozenset(each.uid for each in known),
            owns_folder=resource.has_same_folder_as(before),
        )

    def _read(self, dashboards: tuple[DashboardAsset, ...]) -> dict[str, Mapping[str, Any]]:
        client = self._services.s3()
        return {each.uid: _read_dashboard(client, each.bucket, each.key) for each in dashboards}


def _read_dashboard(client: S3Client, bucket: str, key: str) -> Mapping[str, Any]:
    try:
        dashboard = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        message = f"cannot read dashboard s3://{bucket}/{key}: {error}"
        kind = MissingPermissionError if is_permission_trouble(error) else UnavailableError
        raise kind(message) from error
    except BotoCoreError as error:
        # No connection, or one that broke while the object was read, which botocore itself does not repeat.
        raise UnavailableError(f"cannot read dashboard s3://{bucket}/{key} at present. {error}") from error
    if not isinstance(dashboard, dict):
        raise PenstockError(f"expected s3://{bucket}/{key} to hold a JSON object, got {type(dashboard).__name__}")
    return dashboard


on_event, is_complete = entry_points(lambda _event: GrafanaContentHandler(GrafanaServices()))
