"""Content that penstock puts into a Grafana workspace, and the marks by which it recognizes that content.

Everything of one deployment carries its folder's uid as a prefix and its owner's mark: a dashboard as a tag, a data
source in ``jsonData``. Only what carries the mark is ever changed or removed, a dashboard only with the prefix as well:
Grafana's *Save as* can copy its tags, but gives the copy another uid. A folder can carry no mark; its title tells whose
it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = (
    "AMAZON_PROMETHEUS_PLUGIN",
    "CORE_PROMETHEUS_PLUGIN",
    "MAX_UID_CHARACTERS",
    "OWNER_FIELD",
    "Content",
    "DataSource",
    "GrafanaNameError",
    "check_uid",
    "content_uid",
    "is_mark",
    "owner_mark",
)

AMAZON_PROMETHEUS_PLUGIN: Final = "grafana-amazonprometheus-datasource"
CORE_PROMETHEUS_PLUGIN: Final = "prometheus"

MAX_UID_CHARACTERS: Final = 40
"""Of a dashboard, a folder or a data source (Grafana HTTP API, dashboard)."""

OWNER_FIELD: Final = "penstockOwner"
"""Where a data source's ``jsonData`` has the mark; Grafana keeps fields that it does not know."""

_MARK_PREFIX: Final = "penstock:"
_UID: Final = re.compile(r"[a-zA-Z0-9_-]+")


class GrafanaNameError(PenstockError):
    """A uid that Grafana would refuse."""


def check_uid(uid: str, *, what: str) -> str:
    """Return the uid, or raise GrafanaNameError unless it is 1 to 40 letters, digits, ``-`` or ``_``."""
    if not _UID.fullmatch(uid) or len(uid) > MAX_UID_CHARACTERS:
        message = (
            f"the uid of {what} must be 1 to {MAX_UID_CHARACTERS} letters, digits, '-' or '_', got {uid!r}"
            f" ({len(uid)} characters): choose a shorter or plainer name"
        )
        raise GrafanaNameError(message)
    return uid


def content_uid(folder_uid: str, name: str, *, what: str) -> str:
    """Return the uid of a dashboard or data source, ``<folder>-<name>``; raise GrafanaNameError if Grafana would."""
    return check_uid(f"{folder_uid}-{name}", what=what)


def owner_mark(folder_uid: str, deployment: str) -> str:
    """Return the mark of what one deployment owns; ``deployment`` tells two that use the same folder uid apart."""
    return f"{_MARK_PREFIX}{folder_uid}:{deployment}"


def is_mark(tag: object) -> bool:
    """Return True if a dashboard's tag is a mark, of any deployment."""
    return isinstance(tag, str) and tag.startswith(_MARK_PREFIX)


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A Prometheus data source that signs its requests as the workspace's own role.

    Parameters
    ----------
    uid, name, type
        Grafana's own terms; the type is a plugin's id.
    url
        The query address, without ``/api/v1/query``.
    region
        The Region to sign for.
    is_default
        Whether panels without a data source use it.
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
                # The workspace's own role (Managed Grafana calls it "Workspace IAM role").
                "sigV4AuthType": "ec2_iam_role",
                "sigV4Region": self.region,
                OWNER_FIELD: mark,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Content:
    """Content that a deployment wants in a workspace.

    Parameters
    ----------
    mark
        Its owner's mark.
    folder_uid, folder_title
        The folder of all its dashboards.
    dashboards
        The dashboards by uid, as Grafana's JSON; each carries the mark as a tag.
    data_sources
        The data sources.
    known_uids
        Uids of dashboards that this deployment has, or had, whether Grafana's search knows them yet or not.
    owns_folder
        Whether the folder is this deployment's by an earlier run, whatever its title is by now. Default: only with
        the title that is wanted.
    """

    mark: str
    folder_uid: str
    folder_title: str
    dashboards: Mapping[str, Mapping[str, Any]]
    data_sources: tuple[DataSource, ...]
    known_uids: frozenset[str] = frozenset()
    owns_folder: bool = False
