"""Short-lived access to a Managed Grafana workspace: a service account that exists while it is used, and no longer.

Deleting a service account deletes its tokens too (Managed Grafana API, DeleteWorkspaceServiceAccount). What an earlier
run could not delete, because its function was killed, is deleted before the next account of the same name is made; its
token has expired long before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from cdk_penstock.control.errors import (
    BusyError,
    ControlError,
    MissingPermissionError,
    UnavailableError,
    code_of,
    is_busy,
    is_permission_trouble,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

TOKEN_SECONDS: Final = 900
"""Longer than a Lambda function of ControlProvider lives, so that a token seldom expires in use."""

_ROLE: Final = "ADMIN"
"""Only administrators may change data sources (Managed Grafana, user roles)."""

_BUSY: Final = frozenset({"CREATING", "UPDATING", "UPGRADING", "VERSION_UPDATING"})
_LOST: Final = frozenset({"CREATION_FAILED", "DELETION_FAILED", "FAILED"})
_BEING_CHANGED: Final = "ConflictException"


class WorkspaceMissingError(ControlError):
    """There is no such workspace in this account and Region."""


class GrafanaClient(Protocol):
    """The client ``grafana``."""

    def describe_workspace(self, **request: Any) -> dict[str, Any]:
        """Return the workspace."""

    def list_workspace_service_accounts(self, **request: Any) -> dict[str, Any]:
        """Return a page of serviceAccounts."""

    def create_workspace_service_account(self, **request: Any) -> dict[str, Any]:
        """Return the account's id."""

    def create_workspace_service_account_token(self, **request: Any) -> dict[str, Any]:
        """Return the token with its key."""

    def delete_workspace_service_account(self, **request: Any) -> dict[str, Any]:
        """Return the account's id."""


class WorkspaceCondition(Enum):
    """The present use of a workspace."""

    USABLE = "usable"
    BUSY = "busy"
    GONE = "gone"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A workspace as the service describes it."""

    host: str
    status: str

    @property
    def condition(self) -> WorkspaceCondition:
        """The present use of the workspace; a failed update leaves it usable."""
        if self.status in _BUSY:
            return WorkspaceCondition.BUSY
        if self.status in _LOST:
            return WorkspaceCondition.LOST
        return WorkspaceCondition.GONE if self.status == "DELETING" else WorkspaceCondition.USABLE


def describe_workspace(client: GrafanaClient, workspace_id: str) -> Workspace:
    """Return the workspace; raise WorkspaceMissingError where there is none, else as any call of this module."""
    found = _asked(
        lambda: client.describe_workspace(workspaceId=workspace_id), action=f"describe workspace {workspace_id}"
    )["workspace"]
    return Workspace(host=found["endpoint"], status=found["status"])


class ServiceAccount:
    """A service account of a workspace, as a context manager that makes and removes it.

    Parameters
    ----------
    client
        The client ``grafana``.
    workspace_id, name
        Where, and how it is called; accounts that have the name already are leftovers, and go.

    Raises MissingPermissionError, UnavailableError for what may pass, ControlError else.
    """

    def __init__(self, client: GrafanaClient, *, workspace_id: str, name: str) -> None:
        self._client = client
        self._workspace_id = workspace_id
        self._name = name
        self._account_id = ""
        self._tokens = 0

    def __enter__(self) -> Self:
        """Remove leftovers and make the account."""
        for account_id in list(self._accounts_of_that_name()):
            _LOG.warning("remove service account %s of an earlier run", account_id)
            self._delete(account_id)
        answer = self._call(
            lambda: self._client.create_workspace_service_account(
                workspaceId=self._workspace_id, name=self._name, grafanaRole=_ROLE
            ),
            "create a service account",
        )
        self._account_id = answer["id"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the account with its tokens; a failure to do so never hides the error that came before it."""
        try:
            self._delete(self._account_id)
        except ControlError as trouble:
            if error is None:
                raise
            _LOG.warning("service account %s stays until the next run: %s", self._account_id, trouble)

    def new_token(self) -> str:
        """Return a new token of the account."""
        self._tokens += 1
        answer = self._call(
            lambda: self._client.create_workspace_service_account_token(
                workspaceId=self._workspace_id,
                serviceAccountId=self._account_id,
                name=f"{self._name}-{self._tokens}",
                secondsToLive=TOKEN_SECONDS,
            ),
            "create a service account token",
        )
        key: str = answer["serviceAccountToken"]["key"]
        return key

    def _accounts_of_that_name(self) -> Iterator[str]:
        request: dict[str, Any] = {"workspaceId": self._workspace_id}
        while True:
            page = self._call(
                lambda: self._client.list_workspace_service_accounts(**request),
                "list service accounts",
            )
            for account in page["serviceAccounts"]:
                if account["name"] == self._name:
                    yield account["id"]
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]

    def _delete(self, account_id: str) -> None:
        try:
            self._call(
                lambda: self._client.delete_workspace_service_account(
                    workspaceId=self._workspace_id, serviceAccountId=account_id
                ),
                "delete a service account",
            )
        except WorkspaceMissingError:
            _LOG.info("service account %s was gone", account_id)

    def _call(self, call: Callable[[], dict[str, Any]], action: str) -> dict[str, Any]:
        return _asked(call, action=f"{action} of workspace {self._workspace_id}")


def _asked(call: Callable[[], dict[str, Any]], *, action: str) -> dict[str, Any]:
    try:
        return call()
    except ClientError as error:
        code = code_of(error)
        if code == "ResourceNotFoundException":
            raise WorkspaceMissingError(
                f"cannot {action}: it does not exist in this account and Region. {error}"
            ) from error
        if is_busy(error):
            raise BusyError(f"cannot {action}: AWS throttles or fails inside. {error}") from error
        if code == _BEING_CHANGED:
            raise UnavailableError(f"cannot {action} at present. {error}") from error
        if is_permission_trouble(error):
            raise MissingPermissionError(
                f"cannot {action}: permission is missing: grant it to the function's role. {error}"
            ) from error
        raise ControlError(f"cannot {action}. {error}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"cannot {action} at present. {error}") from error
