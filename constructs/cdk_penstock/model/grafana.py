"""Content that penstock puts into a Grafana workspace, and the marks by which it recognizes that content.

Each dashboard and data source of a deployment has its folder's uid as a prefix and its owner's mark: a dashboard as a
tag, a data source in ``jsonData``. Only content with the mark is changed or removed, and a dashboard only if it has the
prefix as well: Grafana's *Save as* can copy its tags, but gives the copy another uid. A folder cannot have a mark,
so its title names its owner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

AMAZON_PROMETHEUS_PLUGIN: Final = "grafana-amazonprometheus-datasource"
CORE_PROMETHEUS_PLUGIN: Final = "prometheus"
CLOUDWATCH_PLUGIN: Final = "cloudwatch"

# The workspace's role (Managed Grafana calls it "Workspace IAM role").
_AS_THE_WORKSPACE: Final = "ec2_iam_role"

MAX_UID_CHARACTERS: Final = 40
"""Most characters in the uid of a dashboard, a folder or a data source (Grafana HTTP API, dashboard)."""

OWNER_FIELD: Final = "penstockOwner"
"""The field of a data source's ``jsonData`` with the mark; Grafana keeps unknown fields."""

_MARK_PREFIX: Final = "penstock:"
_UID: Final = re.compile(r"[a-zA-Z0-9_-]+")


class GrafanaNameError(PenstockError):
    """A uid that Grafana would refuse."""


def check_uid(uid: str, *, what: str) -> str:
    """Return the uid, or raise GrafanaNameError unless it is 1 to 40 letters, digits, ``-`` or ``_``."""
    if not _UID.fullmatch(uid) or len(uid) > MAX_UID_CHARACTERS:
        raise GrafanaNameError(
            f"the uid of {what} must be 1 to {MAX_UID_CHARACTERS} letters, digits, '-' or '_', got {uid!r}"
            f" ({len(uid)} characters): choose a shorter or plainer name"
        )
    return uid


def content_uid(folder_uid: str, name: str, *, what: str) -> str:
    """Return the uid of a dashboard or data source, ``<folder>-<name>``, or raise GrafanaNameError."""
    return check_uid(f"{folder_uid}-{name}", what=what)


def owner_mark(folder_uid: str, deployment: str) -> str:
    """Return the mark of one deployment's content; ``deployment`` tells those with the same folder uid apart."""
    return f"{_MARK_PREFIX}{folder_uid}:{deployment}"


def is_mark(tag: object) -> bool:
    """Return True if a dashboard's tag is a mark, of any deployment."""
    return isinstance(tag, str) and tag.startswith(_MARK_PREFIX)


class AnyDataSource(Protocol):
    """A data source of any kind, as a deployment wants it."""

    @property
    def uid(self) -> str:
        """The uid in Grafana."""

    @property
    def name(self) -> str:
        """The name in Grafana."""

    @property
    def type(self) -> str:
        """The id of its plugin."""

    def payload(self, mark: str) -> dict[str, Any]:
        """Return the body with which Grafana's API creates or updates it."""

    def with_core_plugin(self) -> Self:
        """Return it with a plugin that every Grafana has."""


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A Prometheus data source that signs its requests as the workspace's role.

    Parameters
    ----------
    uid, name, type
        Grafana's own terms; the type is a plugin's id.
    url
        The query address, without ``/api/v1/query``.
    region
        The Region to sign for.
    is_default
        True if panels without a data source use it.
    """

    uid: str
    name: str
    type: str
    url: str
    region: str
    is_default: bool

    def payload(self, mark: str) -> dict[str, Any]:
        """Return the body with which Grafana's API creates or updates it."""
        return {
            "uid": self.uid,
            "name": self.name,
            "type": self.type,
            "url": self.url,
            "access": "proxy",
            "isDefault": self.is_default,
            "jsonData": {
                "httpMethod": "POST",
                "sigV4Auth": True,
                "sigV4AuthType": _AS_THE_WORKSPACE,
                "sigV4Region": self.region,
                OWNER_FIELD: mark,
            },
        }

    def with_core_plugin(self) -> Self:
        """Return it with Grafana's own Prometheus plugin, which has the same settings."""
        return replace(self, type=CORE_PROMETHEUS_PLUGIN)


@dataclass(frozen=True, kw_only=True)
class CloudWatchSource:
    """A data source for the account's metrics in CloudWatch, which signs its requests as the workspace's role.

    Parameters
    ----------
    uid, name
        Grafana's own terms.
    region
        The Region whose metrics it reads.
    """

    uid: str
    name: str
    region: str

    @property
    def type(self) -> str:
        """The id of its plugin, which is a part of Grafana."""
        return CLOUDWATCH_PLUGIN

    def payload(self, mark: str) -> dict[str, Any]:
        """Return the body with which Grafana's API creates or updates it."""
        return {
            "uid": self.uid,
            "name": self.name,
            "type": self.type,
            "access": "proxy",
            "isDefault": False,
            "jsonData": {"authType": _AS_THE_WORKSPACE, "defaultRegion": self.region, OWNER_FIELD: mark},
        }

    def with_core_plugin(self) -> Self:
        """Return it as it is."""
        return self


@dataclass(frozen=True, kw_only=True)
class Content:
    """Content that a deployment wants in a workspace.

    Parameters
    ----------
    mark
        The owner's mark.
    folder_uid, folder_title
        The folder of all its dashboards.
    dashboards
        The dashboards by uid, as Grafana's JSON; each carries the mark as a tag.
    data_sources
        The data sources.
    known_uids
        Uids of dashboards that this deployment has or had, also if Grafana's search does not know them yet.
    owns_folder
        True if an earlier run of this deployment created the folder, even if it was renamed since. Default: it is only
        recognized by its title.
    """

    mark: str
    folder_uid: str
    folder_title: str
    dashboards: Mapping[str, Mapping[str, Any]]
    data_sources: tuple[AnyDataSource, ...]
    known_uids: frozenset[str] = frozenset()
    owns_folder: bool = False
