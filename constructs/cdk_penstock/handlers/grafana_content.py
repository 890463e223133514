"""The custom resource that keeps a deployment's data sources and dashboards in a Managed Grafana workspace.

Properties: ``WorkspaceId``, ``FolderUid``, ``FolderTitle``, ``Mark``, ``Dashboards`` (a list of ``Uid``, ``Bucket`` and
``Key``), ``DataSources`` (a list of ``Uid``, ``Name``, ``Type``, ``Url``, ``Region`` and ``IsDefault``). Attributes:
``Url``, the address of the workspace.

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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from cdk_penstock.control.clients import Clock
from cdk_penstock.control.errors import MissingPermissionError, is_permission_trouble
from cdk_penstock.control.grafana import GrafanaApi, GrafanaRefusedError, GrafanaUnavailableError, connect_to
from cdk_penstock.control.grafana_access import (
    GrafanaClient,
    ServiceAccount,
    WorkspaceCondition,
    WorkspaceMissingError,
    describe_workspace,
)
from cdk_penstock.control.grafana_content import GrafanaContent
from cdk_penstock.handlers.events import Event, EventError, Result, complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.model.grafana import Content, DataSource

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.grafana_access import Workspace

__all__ = ("GrafanaContentHandler", "GrafanaServices", "is_complete", "on_event")

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_MAX_ACCOUNT_NAME_CHARACTERS: Final = 128
_FOLDER_IDENTITY: Final = ("WorkspaceId", "FolderUid", "Mark")
"""An Update that changes one of these is about another folder than the one that this resource has made."""


class S3Client(Protocol):
    """The client ``s3``."""

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Return the object, its content as a stream."""


@dataclass(frozen=True, kw_only=True)
class GrafanaServices:
    """What the handler needs of its surroundings; a test gives it others.

    Parameters
    ----------
    new_session
        Builds a session as ``boto3.Session`` does, which is the default.
    connect
        Opens a connection to a workspace's host. Default: TLS with a verified certificate.
    clock
        The time.
    """

    new_session: Callable[..., Any] = boto3.Session
    connect: Callable[[str], http.client.HTTPConnection] = connect_to
    clock: Clock = field(default_factory=Clock)

    def grafana(self) -> GrafanaClient:
        """Return ``grafana`` with the function's own role."""
        client: GrafanaClient = self.new_session().client("grafana", config=_config())
        return client

    def s3(self) -> S3Client:
        """Return ``s3`` with the function's own role."""
        client: S3Client = self.new_session().client("s3", config=_config())
        return client


class GrafanaContentHandler(Handler):
    """Answers the framework's two calls."""

    def __init__(self, services: GrafanaServices) -> None:
        super().__init__(services.clock)
        self._services = services

    def begin(self, event: Event) -> Result:
        """Check the properties and change nothing."""
        if not event.is_delete:
            _dashboards(event)
            _data_sources(event)
        workspace_id, mark = event.text("WorkspaceId"), event.text("Mark")
        return {
            "PhysicalResourceId": event.physical_resource_id
            if event.is_delete
            else f"penstock-grafana-content/{workspace_id}/{mark}",
        }

    def advance(self, event: Event) -> Result:
        """Bring the workspace to what the template has, all at once, unless it has to be waited for."""
        client = self._services.grafana()
        try:
            workspace = describe_workspace(client, event.text("WorkspaceId"))
        except WorkspaceMissingError:
            if not event.is_delete:
                raise
            return complete(Url="")
        condition = workspace.condition
        if condition is WorkspaceCondition.BUSY:
            message = f"workspace {event.text('WorkspaceId')} is {workspace.status}"
            raise GrafanaUnavailableError(message)
        if condition is not WorkspaceCondition.USABLE:
            if event.is_delete:
                return complete(Url="")
            message = f"workspace {event.text('WorkspaceId')} is {workspace.status}: delete and deploy it again"
            raise GrafanaRefusedError(message)
        self._change(client, workspace, event)
        return complete(Url=f"https://{workspace.host}")

    def _change(self, client: GrafanaClient, workspace: Workspace, event: Event) -> None:
        content = self._content(event)
        # As an account of its own, so that two deployments in one workspace do not remove each other's.
        name = content.mark.replace(":", "-")[:_MAX_ACCOUNT_NAME_CHARACTERS]
        with ServiceAccount(client, workspace_id=event.text("WorkspaceId"), name=name) as account:
            api = GrafanaApi(
                connect=lambda: self._services.connect(workspace.host),
                new_token=account.new_token,
                clock=self._services.clock,
            )
            try:
                grafana = GrafanaContent(api, content, clock=self._services.clock)
                if event.is_delete:
                    grafana.remove()
                else:
                    grafana.put()
            finally:
                api.close()

    def _content(self, event: Event) -> Content:
        return Content(
            mark=event.text("Mark"),
            folder_uid=event.text("FolderUid"),
            folder_title=event.text("FolderTitle"),
            # A deletion needs no content, which may be gone by then.
            dashboards={} if event.is_delete else self._read(_dashboards(event)),
            data_sources=() if event.is_delete else _data_sources(event),
            known_uids=frozenset(
                each["Uid"]
                for properties in (event.properties, event.old_properties)
                for each in properties.get("Dashboards") or ()
            ),
            owns_folder=all(event.old_properties.get(name) == event.text(name) for name in _FOLDER_IDENTITY),
        )

    def _read(self, dashboards: list[Mapping[str, str]]) -> dict[str, Mapping[str, Any]]:
        client = self._services.s3()
        return {each["Uid"]: _read_dashboard(client, each["Bucket"], each["Key"]) for each in dashboards}


def _read_dashboard(client: S3Client, bucket: str, key: str) -> Mapping[str, Any]:
    try:
        dashboard = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        message = f"cannot read dashboard s3://{bucket}/{key}: {error}"
        kind = MissingPermissionError if is_permission_trouble(error) else GrafanaUnavailableError
        raise kind(message) from error
    except BotoCoreError as error:
        # No connection, or one that broke while the object was read, which botocore itself does not repeat.
        message = f"cannot read dashboard s3://{bucket}/{key} at present. {error}"
        raise GrafanaUnavailableError(message) from error
    if not isinstance(dashboard, dict):
        message = f"expected s3://{bucket}/{key} to hold a JSON object, got {type(dashboard).__name__}"
        raise EventError(message)
    return dashboard


def _dashboards(event: Event) -> list[Mapping[str, str]]:
    return _items(event, "Dashboards", ("Uid", "Bucket", "Key"))


def _data_sources(event: Event) -> tuple[DataSource, ...]:
    return tuple(
        DataSource(
            uid=each["Uid"],
            name=each["Name"],
            type=each["Type"],
            url=each["Url"],
            region=each["Region"],
            is_default=each["IsDefault"] == "true",
        )
        for each in _items(event, "DataSources", ("Uid", "Name", "Type", "Url", "Region", "IsDefault"))
    )


def _items(event: Event, name: str, fields: tuple[str, ...]) -> list[Mapping[str, str]]:
    items = event.properties.get(name) or []
    usable = isinstance(items, list) and all(
        isinstance(item, dict) and all(isinstance(item.get(each), str) for each in fields) for item in items
    )
    if not usable:
        message = f"expected the property {name} to be a list of {', '.join(fields)}, got {items!r}"
        raise EventError(message)
    return items


def _config() -> Any:
    return Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=30)


on_event, is_complete = entry_points(lambda _event: GrafanaContentHandler(GrafanaServices()))
