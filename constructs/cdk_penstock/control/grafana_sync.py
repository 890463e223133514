"""Brings the content of a Grafana workspace to what a deployment wants, from whatever state it finds.

It looks at the state each time, so it may be begun anew after any failure, and a rollback is no special case. What does
not carry the owner's mark is never changed, moved or removed, nor is a folder of another title that no earlier run of
this deployment has left: where it is in the way, ControlError says so.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.grafana_api import ATTEMPT_PAUSE_SECONDS, ATTEMPTS, CONFLICT, NOT_FOUND, give_up
from cdk_penstock.control.grafana_data_sources import GrafanaDataSources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.control.clients import Clock
    from cdk_penstock.control.grafana_api import Answer, GrafanaApi
    from cdk_penstock.model.grafana import Content

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_SEARCH_LIMIT: Final = 5000  # the most that one page of Grafana's search has
_GRAFANAS_OWN_FIELDS: Final = frozenset({"id", "version"})


class GrafanaSync:
    """The content of one deployment in one workspace."""

    def __init__(self, api: GrafanaApi, content: Content, *, clock: Clock) -> None:
        self._api = api
        self._content = content
        self._clock = clock
        self._data_sources = GrafanaDataSources(api, content, clock=clock)

    def put(self) -> None:
        """Create and update what is wanted, then remove what the deployment had before and no longer wants."""
        self._data_sources.put()
        self._put_folder()
        for uid, dashboard in self._content.dashboards.items():
            self._put_dashboard(uid, dashboard)
        self._remove_dashboards(keep=frozenset(self._content.dashboards))
        self._data_sources.remove(keep=frozenset(source.uid for source in self._content.data_sources))

    def remove(self) -> None:
        """Remove what the deployment has put there; the folder too unless somebody else uses it."""
        removed = self._remove_dashboards(keep=frozenset())
        self._data_sources.remove(keep=frozenset())
        self._remove_folder(removed)

    def _put_folder(self) -> None:
        uid, title = self._content.folder_uid, self._content.folder_title
        path = f"/api/folders/{quote(uid)}"
        for _ in range(ATTEMPTS):
            found = self._api.get(path, expected=NOT_FOUND)
            if found.status == HTTPStatus.NOT_FOUND:
                answer = self._api.call("POST", "/api/folders", {"uid": uid, "title": title}, expected=CONFLICT)
            elif found.body["title"] == title:
                return
            else:
                self._refuse_unless_own_folder(found.body)
                body = {"title": title, "version": found.body.get("version")}
                answer = self._api.call("PUT", path, body, expected={*CONFLICT, *NOT_FOUND})
            if answer.status not in {*CONFLICT, *NOT_FOUND}:
                _LOG.info("folder %s is there", uid)
                return
            if found.status == HTTPStatus.NOT_FOUND and not self._is_there(path):
                raise ControlError(
                    f"cannot create folder {title!r}: Grafana says {answer.status} {answer.message}; rename the folder"
                    " that has the title, or choose another folder_title"
                )
            self._clock.sleep(ATTEMPT_PAUSE_SECONDS)
        give_up("folder", uid)

    def _put_dashboard(self, uid: str, dashboard: Mapping[str, Any]) -> None:
        for _ in range(ATTEMPTS):
            found = self._find_dashboard(uid)
            body = {"folderUid": self._content.folder_uid, "overwrite": False, "message": "Deployed by penstock"}
            if found.status == HTTPStatus.NOT_FOUND:
                body["dashboard"] = {**dashboard, "uid": uid, "id": None}
            else:
                present = found.body["dashboard"]
                self._refuse_unless_own_dashboard(uid, found)
                if found.body["meta"].get("folderUid") == self._content.folder_uid and _same(present, dashboard, uid):
                    return
                body["dashboard"] = {**dashboard, "uid": uid, "id": None, "version": present.get("version")}
            answer = self._api.call("POST", "/api/dashboards/db", body, expected=CONFLICT)
            if answer.status not in CONFLICT:
                _LOG.info("dashboard %s is there", uid)
                return
            if _status_word(answer) not in {"version-mismatch", ""}:
                raise ControlError(
                    f"cannot save dashboard {uid} ({dashboard.get('title')!r}): Grafana says {answer.status}"
                    f" {answer.message}; rename or move the dashboard that is in the way"
                )
            self._clock.sleep(ATTEMPT_PAUSE_SECONDS)
        give_up("dashboard", uid)

    def _remove_dashboards(self, *, keep: frozenset[str]) -> frozenset[str]:
        # The search lags behind in newer versions of Grafana; the uids that the deployment knows do not.
        query = {"type": "dash-db", "tag": self._content.mark, "limit": _SEARCH_LIMIT}
        tagged = self._api.get(f"/api/search?{urlencode(query)}").body
        candidates = ({each["uid"] for each in tagged} | self._content.known_uids) - keep
        removed = set()
        # A user's copy may carry the mark as well, but has a uid that Grafana chose.
        for uid in sorted(each for each in candidates if each.startswith(f"{self._content.folder_uid}-")):
            found = self._find_dashboard(uid)
            if found.status != HTTPStatus.NOT_FOUND:
                if self._content.mark not in _tags(found):
                    continue
                self._api.call("DELETE", f"/api/dashboards/uid/{quote(uid)}", expected=NOT_FOUND)
                _LOG.info("removed dashboard %s", uid)
            removed.add(uid)
        return frozenset(removed)

    def _remove_folder(self, removed: frozenset[str]) -> None:
        """Remove the folder where nothing is in it, as both the search and the counts say; else leave it."""
        uid, title = self._content.folder_uid, self._content.folder_title
        path = f"/api/folders/{quote(uid)}"
        for _ in range(ATTEMPTS):
            found = self._api.get(path, expected=NOT_FOUND)
            if found.status == HTTPStatus.NOT_FOUND:
                return
            if found.body["title"] != title:
                # Perhaps somebody else's, which made the creation fail.
                _LOG.warning("folder %s stays: it is called %r instead of %r", uid, found.body["title"], title)
                return
            if self._is_empty(uid, removed):
                answer = self._api.call("DELETE", path, expected={*NOT_FOUND, *CONFLICT, HTTPStatus.BAD_REQUEST})
                if answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
                    _LOG.info("removed folder %s", uid)
                    return
            self._clock.sleep(ATTEMPT_PAUSE_SECONDS)
        _LOG.warning("folder %s stays: there is something in it that this deployment did not make", uid)

    def _is_empty(self, uid: str, removed: frozenset[str]) -> bool:
        query = {"folderUIDs": uid, "limit": _SEARCH_LIMIT}
        inside = {each["uid"] for each in self._api.get(f"/api/search?{urlencode(query)}").body}
        if inside - removed:
            return False
        counts = self._api.get(f"/api/folders/{quote(uid)}/counts", expected=NOT_FOUND)
        # Grafana 9 does not count, and its search does not lag.
        return counts.status == HTTPStatus.NOT_FOUND or not any(counts.body.values())

    def _find_dashboard(self, uid: str) -> Answer:
        return self._api.get(f"/api/dashboards/uid/{quote(uid)}", expected=NOT_FOUND)

    def _is_there(self, path: str) -> bool:
        return self._api.get(path, expected=NOT_FOUND).status != HTTPStatus.NOT_FOUND

    def _refuse_unless_own_folder(self, folder: Mapping[str, Any]) -> None:
        if not self._content.owns_folder:
            raise ControlError(
                f"folder {folder['uid']} is there already, called {folder['title']!r} instead of"
                f" {self._content.folder_title!r}, and was left alone: it is somebody else's; choose another folder_uid"
            )

    def _refuse_unless_own_dashboard(self, uid: str, found: Answer) -> None:
        if self._content.mark not in _tags(found):
            raise ControlError(
                f"dashboard {uid} ({found.body['dashboard'].get('title')!r}) does not carry the tag"
                f" {self._content.mark!r} and was left alone: it is somebody else's, or another deployment's; give it"
                " the tag to hand it over, delete it, or choose another name or folder_uid"
            )


def _tags(found: Answer) -> list[str]:
    return found.body["dashboard"].get("tags") or []


def _same(present: Mapping[str, Any], wanted: Mapping[str, Any], uid: str) -> bool:
    def plain(dashboard: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in dashboard.items() if name not in _GRAFANAS_OWN_FIELDS}

    return plain(present) == plain({**wanted, "uid": uid})


def _status_word(answer: Answer) -> str:
    return str(answer.body.get("status", "")) if isinstance(answer.body, dict) else ""
