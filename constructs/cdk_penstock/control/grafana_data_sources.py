"""Brings the data sources of a Grafana workspace to what a deployment wants; see ``grafana_sync``."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.grafana_api import ATTEMPT_PAUSE_SECONDS, ATTEMPTS, CONFLICT, NOT_FOUND, give_up
from cdk_penstock.model.grafana import OWNER_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.control.clients import Clock
    from cdk_penstock.control.grafana_api import GrafanaApi
    from cdk_penstock.model.grafana import AnyDataSource, Content

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)


class GrafanaDataSources:
    """The data sources of one deployment in one workspace."""

    def __init__(self, api: GrafanaApi, content: Content, *, clock: Clock) -> None:
        self._api = api
        self._content = content
        self._clock = clock

    def put(self) -> None:
        """Create and update what is wanted."""
        for source in self._content.data_sources:
            self._put(source)

    def remove(self, *, keep: frozenset[str]) -> None:
        """Remove those of this deployment but for the uids to keep."""
        for source in self._api.get("/api/datasources").body:
            if self._owns_source(source) and source["uid"] not in keep:
                self._api.call("DELETE", f"/api/datasources/uid/{quote(source['uid'])}", expected=NOT_FOUND)
                _LOG.info("removed data source %s", source["uid"])

    def _put(self, source: AnyDataSource) -> None:
        path = f"/api/datasources/uid/{quote(source.uid)}"
        payload = self._with_installed_plugin(source).payload(self._content.mark)
        for _ in range(ATTEMPTS):
            found = self._api.get(path, expected=NOT_FOUND)
            if found.status == HTTPStatus.NOT_FOUND:
                answer = self._api.call("POST", "/api/datasources", payload, expected=CONFLICT)
            else:
                self._refuse_unless_own_source(found.body)
                if _contains(found.body, payload):
                    return
                # Grafana forgets the fields of jsonData that are not sent again.
                answer = self._api.call(
                    "PUT",
                    path,
                    {**payload, "version": found.body.get("version")},
                    expected={*CONFLICT, *NOT_FOUND},
                )
            if answer.status not in {*CONFLICT, *NOT_FOUND}:
                _LOG.info("data source %s is there", source.uid)
                return
            self._refuse_taken_name(source)
            self._clock.sleep(ATTEMPT_PAUSE_SECONDS)
        give_up("data source", source.uid)

    def _with_installed_plugin(self, source: AnyDataSource) -> AnyDataSource:
        """Return the data source with Grafana's own plugin where the workspace has not the one it names.

        Both have the same settings. Panels find a data source by its uid, whatever its plugin.
        """
        with_core_plugin = source.with_core_plugin()
        if with_core_plugin.type == source.type:
            return source
        found = self._api.get(f"/api/plugins/{quote(source.type)}/settings", expected=NOT_FOUND)
        if found.status != HTTPStatus.NOT_FOUND:
            return source
        _LOG.warning(
            "the plugin %s is not installed in the workspace: data source %s has Grafana's own plugin instead",
            source.type,
            source.uid,
        )
        return with_core_plugin

    def _refuse_unless_own_source(self, source: Mapping[str, Any]) -> None:
        if not self._owns_source(source):
            raise ControlError(
                f"data source {source['uid']} ({source.get('name')!r}) is not marked as {self._content.mark!r} and was"
                " left alone: it is somebody else's, or another deployment's; delete it, or choose another name or"
                " folder_uid"
            )

    def _refuse_taken_name(self, source: AnyDataSource) -> None:
        """Refuse where the conflict was about the name, which Grafana does not say in a way to rely on."""
        for other in self._api.get("/api/datasources").body:
            if other["name"] == source.name and other["uid"] != source.uid:
                raise ControlError(
                    f"cannot save data source {source.uid}: {other['uid']} is called {source.name!r} already; choose"
                    " another name"
                )

    def _owns_source(self, source: Mapping[str, Any]) -> bool:
        return (source.get("jsonData") or {}).get(OWNER_FIELD) == self._content.mark


def _contains(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(present.get(name) == value for name, value in wanted.items())
