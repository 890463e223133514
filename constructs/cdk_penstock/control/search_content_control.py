"""Content of an OpenSearch domain: puts what is wanted, and removes what is no longer wanted.

A ledger in the domain, a component template that no index uses, lists the items of this deployment. It is written
before anything is put and after everything is removed. So the next run completes a run that was interrupted, and no
item of another owner is ever overwritten or removed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.opensearch import SearchRefusedError, SearchUnavailableError
from cdk_penstock.model.search_content import Content, ContentError, Item, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.errors import ControlError
    from cdk_penstock.control.opensearch import Answer, OpenSearch

_LOG = logging.getLogger(__name__)
_SECURITY: Final = "/_plugins/_security/api"
_DASHBOARDS: Final = "/_dashboards/api/saved_objects"
_DASHBOARDS_HEADERS: Final = {"osd-xsrf": "true", "securitytenant": "global"}
_OWNER: Final = "penstock"
_BOUNDARY: Final = "penstock-saved-objects"
# OpenSearch checks a component template as if it were an index: without its own number it has the cluster's
# default of one replica, which a domain with a standby zone refuses (AwarenessReplicaBalance: copies in multiples of
# the zones). Six copies are a multiple of one, two and three zones; no index is ever made of the ledger.
_LEDGER_SETTINGS: Final = {"number_of_replicas": 5}
_OK_OR_MISSING: Final = (200, 201, 404)
_MAPPING_ROUNDS: Final = 5
_MOVED: Final = "with 400"


@dataclass(frozen=True, kw_only=True)
class SearchContentControl:
    """The content of one custom resource in one domain.

    Parameters
    ----------
    domain
        The domain, spoken to as its master user.
    ledger_name
        The name of the component template that is the ledger.
    """

    domain: OpenSearch
    ledger_name: str

    def keep(self, content: Content) -> frozenset[Item]:
        """Bring the domain to this content, and return the items in the ledger.

        Raises ContentError, having changed nothing, where some of it is there from somebody else; ControlError where
        the domain refuses or does not answer, in which case calling again goes on.
        """
        owned = self._read_ledger()
        steps = plan(content.items, owned=owned, present=self._present(content.items - owned))
        self._write_ledger(steps.claim)
        self._put(content, steps.put)
        for item in steps.remove:
            self._remove(item, owned)
        self._write_ledger(steps.put)
        return steps.put

    def remove_all(self) -> None:
        """Remove all items of the ledger, and then the ledger."""
        owned = self._read_ledger()
        for item in plan(frozenset(), owned=owned, present=frozenset()).remove:
            self._remove(item, owned)
        self.domain.request("DELETE", self._ledger_path, accepted=_OK_OR_MISSING)

    @property
    def _ledger_path(self) -> str:
        return f"/_component_template/{quote(self.ledger_name, safe='')}"

    def _read_ledger(self) -> frozenset[Item]:
        answer = self.domain.request("GET", self._ledger_path, accepted=_OK_OR_MISSING)
        if answer.is_missing:
            return frozenset()
        (found,) = answer.body["component_templates"]
        meta = found["component_template"].get("_meta", {})
        if meta.get("managed_by") != _OWNER:
            raise ContentError(f"component template {self.ledger_name} is not penstock's ledger: rename or remove it")
        return frozenset(Item.parse(text) for text in meta["items"])

    def _write_ledger(self, items: frozenset[Item]) -> None:
        meta = {"managed_by": _OWNER, "items": sorted(str(item) for item in items)}
        self.domain.request("PUT", self._ledger_path, body={"template": {"settings": _LEDGER_SETTINGS}, "_meta": meta})

    def _present(self, items: frozenset[Item]) -> frozenset[Item]:
        return frozenset(item for item in items if self._is_present(item))

    def _is_present(self, item: Item) -> bool:
        if item.kind == "mapping":
            return item.detail in self._backend_roles(item.name)
        return not self._get(item).is_missing

    def _get(self, item: Item) -> Answer:
        headers = _DASHBOARDS_HEADERS if item.kind == "object" else None
        return self.domain.request("GET", _path(item), headers=headers, accepted=_OK_OR_MISSING)

    def _put(self, content: Content, items: frozenset[Item]) -> None:
        for item in sorted(item for item in items if item.kind == "role"):
            self.domain.request("PUT", _path(item), body=content.roles[item.name])
        for item in sorted(item for item in items if item.kind == "mapping"):
            self._change_mapping(item, self._add_backend_role)
        for item in sorted(item for item in items if item.kind == "template"):
            self.domain.request("PUT", _path(item), body=content.index_templates[item.name])
        if content.saved_objects:
            self._import(content.saved_objects)

    def _import(self, saved_objects: tuple[Any, ...]) -> None:
        """Import all objects at once, over the present ones: all of them are in the ledger by now.

        The call that resolves conflicts takes in its body what the plain import takes as a query.
        """
        lines = "".join(f"{json.dumps(each)}\n" for each in saved_objects)
        retries = [{"type": each["type"], "id": each["id"], "overwrite": True} for each in saved_objects]
        answer = self.domain.request(
            "POST",
            f"{_DASHBOARDS}/_resolve_import_errors",
            raw=_form(file=lines, retries=json.dumps(retries)),
            headers=_DASHBOARDS_HEADERS | {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
        )
        if not answer.body.get("success"):
            raise SearchRefusedError(
                f"OpenSearch Dashboards imported {answer.body.get('successCount', 0)} of {len(saved_objects)} saved"
                f" objects: {json.dumps(answer.body.get('errors', []))[:1000]}; export them with the objects that they"
                " refer to"
            )

    def _remove(self, item: Item, owned: frozenset[Item]) -> None:
        _LOG.info("removing %s %s %s", item.kind, item.name, item.detail)
        if item.kind == "mapping":
            self._change_mapping(item, self._remove_backend_role)
            if Item("role", item.name) in owned:
                self._remove_empty_mapping(item.name)
            return
        headers = _DASHBOARDS_HEADERS if item.kind == "object" else None
        self.domain.request("DELETE", _path(item), headers=headers, accepted=_OK_OR_MISSING)

    def _mapping(self, role: str) -> dict[str, Any] | None:
        path = _mapping_path(role)
        answer = self.domain.request("GET", path, accepted=_OK_OR_MISSING)
        return None if answer.is_missing else dict(answer.body[role])

    def _backend_roles(self, role: str) -> list[str]:
        return list((self._mapping(role) or {}).get("backend_roles", []))

    def _change_mapping(self, item: Item, change: Callable[[Item], None]) -> None:
        """Change one entry of a mapping that others change too, looking again after each doubt."""
        trouble: ControlError | None = None
        for _ in range(_MAPPING_ROUNDS):
            try:
                change(item)
            except SearchUnavailableError as error:
                trouble = error
            except SearchRefusedError as error:
                if _MOVED not in str(error):
                    raise
                trouble = error
            else:
                return
            self.domain.clock.sleep(1)
        raise SearchUnavailableError(
            f"the mapping of role {item.name} could not be changed, somebody else keeps changing it: {trouble}"
        ) from trouble

    def _add_backend_role(self, item: Item) -> None:
        mapping = self._mapping(item.name)
        if mapping is None:
            self.domain.request("PUT", _mapping_path(item.name), body={"backend_roles": [item.detail]}, attempts=1)
        elif item.detail not in mapping.get("backend_roles", []):
            patch = [{"op": "add", "path": "/backend_roles/-", "value": item.detail}]
            self.domain.request("PATCH", _mapping_path(item.name), body=patch, attempts=1)

    def _remove_backend_role(self, item: Item) -> None:
        backend_roles = self._backend_roles(item.name)
        if item.detail in backend_roles:
            path = f"/backend_roles/{backend_roles.index(item.detail)}"
            # Somebody may have changed the list in between; then the test fails, and so does the removal.
            patch = [{"op": "test", "path": path, "value": item.detail}, {"op": "remove", "path": path}]
            self.domain.request("PATCH", _mapping_path(item.name), body=patch, attempts=1)

    def _remove_empty_mapping(self, role: str) -> None:
        mapping = self._mapping(role)
        if mapping is None or any(mapping.get(key) for key in ("backend_roles", "users", "hosts", "and_backend_roles")):
            return
        self.domain.request("DELETE", _mapping_path(role), accepted=_OK_OR_MISSING)


def _mapping_path(role: str) -> str:
    return f"{_SECURITY}/rolesmapping/{quote(role, safe='')}"


def _path(item: Item) -> str:
    name = quote(item.name, safe="")
    if item.kind == "role":
        return f"{_SECURITY}/roles/{name}"
    if item.kind == "template":
        return f"/_index_template/{name}"
    return f"{_DASHBOARDS}/{name}/{quote(item.detail, safe='')}"


def _form(*, file: str, retries: str) -> bytes:
    """Return a form as a browser would send it."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="'
    parts = [
        f'{head}file"; filename="content.ndjson"\r\nContent-Type: application/ndjson\r\n\r\n{file}\r\n',
        f'{head}retries"\r\n\r\n{retries}\r\n',
        f"--{_BOUNDARY}--\r\n",
    ]
    return "".join(parts).encode()
