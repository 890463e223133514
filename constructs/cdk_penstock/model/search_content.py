"""Content of a search domain: roles, their mappings, index templates and saved objects, each with its owner."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_ENCODED_BYTES: Final = 120_000
"""CloudFormation passes all properties to the handler in one event of 256 KB, with the old ones in an Update."""

_MOST_PLAIN_CHARACTERS: Final = 4096

_ROLE, _MAPPING, _TEMPLATE, _OBJECT = "role", "mapping", "template", "object"


class ContentError(PenstockError):
    """Content that OpenSearch would refuse, or that belongs to another owner."""


@dataclass(frozen=True, order=True)
class Item:
    """One thing in a domain that can be owned.

    ``kind`` is ``role``, ``mapping`` (a backend role's place in a role), ``template`` or ``object``; ``name`` and
    ``detail`` identify it.
    """

    kind: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        """Return the line of the item in the ledger."""
        return json.dumps([self.kind, self.name, self.detail])

    @classmethod
    def parse(cls, text: str) -> Item:
        """Return an item of the ledger."""
        kind, name, detail = json.loads(text)
        return cls(kind, name, detail)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The content that one custom resource keeps in a domain.

    Parameters
    ----------
    roles
        Roles of the security plugin by name, each as its API takes it.
    mappings
        For roles of the security plugin by name, the backend roles (ARNs of IAM roles) to add.
    index_templates
        Composable index templates by name, each as its API takes it.
    saved_objects
        Dashboards and what they need, each as OpenSearch Dashboards exports it.
    """

    roles: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    index_templates: Mapping[str, Any] = field(default_factory=dict)
    saved_objects: tuple[Mapping[str, Any], ...] = ()

    @property
    def items(self) -> frozenset[Item]:
        """Everything in it."""
        return frozenset(
            [
                *(Item(_ROLE, name) for name in self.roles),
                *(Item(_MAPPING, role, arn) for role, arns in self.mappings.items() for arn in arns),
                *(Item(_TEMPLATE, name) for name in self.index_templates),
                *(Item(_OBJECT, str(each["type"]), str(each["id"])) for each in self.saved_objects),
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Steps of a run, in this order: record ``claim`` as owned, put ``put``, remove ``remove``, record ``put``.

    An interrupted run leaves a ledger that names too many items rather than too few, but never another owner's: the
    next run, or a deletion, continues from there.
    """

    claim: frozenset[Item]
    put: frozenset[Item]
    remove: tuple[Item, ...]


_REMOVAL_ORDER: Final = (_OBJECT, _TEMPLATE, _MAPPING, _ROLE)


def plan(wanted: frozenset[Item], *, owned: frozenset[Item], present: frozenset[Item]) -> Plan:
    """Return the plan from the owned items to the wanted ones; ``present`` are the wanted items that the domain has.

    A mapping that exists and is not owned stays with its owner. Any other such item raises ContentError: it belongs to
    another owner, and would be overwritten now and removed later.
    """
    foreign = (wanted & present) - owned
    stolen = sorted(item for item in foreign if item.kind != _MAPPING)
    if stolen:
        names = ", ".join(f"{item.kind} {'/'.join(filter(None, (item.name, item.detail)))}" for item in stolen)
        raise ContentError(
            f"the domain already has, from another owner: {names}; rename yours, or remove those; nothing was changed"
        )
    put = wanted - foreign
    remove = sorted(owned - wanted, key=lambda item: (_REMOVAL_ORDER.index(item.kind), item))
    return Plan(claim=owned | put, put=put, remove=tuple(remove))


def access_role(index_pattern: str) -> dict[str, Any]:
    """Return the role of a job that writes to indexes: it may create them and index documents, but not read.

    ``indices:data/write/bulk`` is checked on the cluster as well, and the client asks for the version when it begins.
    """
    return {
        "description": "Written by penstock",
        "cluster_permissions": ["cluster:monitor/main", "indices:data/write/bulk"],
        "index_permissions": [
            {
                "index_patterns": [index_pattern],
                "allowed_actions": [
                    "create_index",
                    "indices:admin/mapping/put",
                    "indices:data/write/bulk*",
                    "indices:data/write/delete",
                    "indices:data/write/index",
                    "indices:data/write/update",
                ],
            }
        ],
    }


def check_index_template(name: str, body: Mapping[str, Any], *, copies: int) -> None:
    """Check a composable index template; raise ContentError if its indexes would have a wrong number of copies.

    The copies of a shard must be a multiple of ``copies``: 3 with a standby zone, else 1
    (opensearch-service, managedomains-multiaz).
    """
    if not name or name.startswith(("_", "-")) or name != name.lower() or any(each in name for each in ' ,*"/\\|?#<>'):
        raise ContentError(f"an index template's name must be lowercase, without '_' or '-' in front, got {name!r}")
    patterns = body.get("index_patterns")
    if not isinstance(patterns, list) or not patterns:
        raise ContentError(
            f"index template {name!r} needs index_patterns, a list such as ['orders-*'], got {patterns!r}"
        )
    settings = body.get("template", {}).get("settings", {})
    replicas = settings.get("number_of_replicas", settings.get("index", {}).get("number_of_replicas"))
    if replicas is not None and not (str(replicas).isascii() and str(replicas).isdecimal()):
        raise ContentError(
            f"index template {name!r} must have number_of_replicas as a whole number from 0 on, got {replicas!r}"
        )
    if copies > 1 and (replicas is None or (int(replicas) + 1) % copies):
        raise ContentError(
            f"index template {name!r} has number_of_replicas {replicas!r}: a domain with a standby zone needs copies of"
            f" each shard in multiples of {copies}, so set number_of_replicas to {copies - 1}"
        )


def parse_saved_objects(text: str) -> tuple[dict[str, Any], ...]:
    """Return the objects of a file that OpenSearch Dashboards has exported, one JSON object a line.

    Raises ContentError for a line that is not an object, and for an object that occurs twice.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    # Not splitlines: JSON allows U+2028 and the like inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ContentError(
                f"line {number} of the saved objects is not JSON ({error}): export them again as .ndjson"
            ) from error
        if isinstance(value, dict) and "exportedCount" in value:
            continue
        if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("type", "id")):
            raise ContentError(f"line {number} of the saved objects has no type and id: export them again as .ndjson")
        key = (value["type"], value["id"])
        if key in found:
            raise ContentError(f"line {number} of the saved objects repeats {'/'.join(key)}: keep one of the two")
        found[key] = value
    return tuple(found.values())


def encode(content: Content, *, is_opaque: Callable[[str], bool] = lambda _: False) -> str:
    """Return the content as one property of a custom resource; raise ContentError if it is too large.

    Up to 4096 characters it is plain JSON, so that a template shows what a role may do; beyond that it is compressed.
    ``is_opaque`` returns True for a text with a value that only the deployment knows, which cannot be compressed and
    raises ContentError as well.
    """
    value = {
        "roles": content.roles,
        "index_templates": content.index_templates,
        "saved_objects": content.saved_objects,
    }
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if len(text) <= _MOST_PLAIN_CHARACTERS:
        return text
    if is_opaque(text):
        raise ContentError(
            f"roles, index templates and saved objects hold a token and are {len(text)} characters, more than the"
            f" {_MOST_PLAIN_CHARACTERS} up to which they are not compressed: write the value itself, or put the parts"
            " with the token into separate content"
        )
    encoded = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    if len(encoded) > MOST_ENCODED_BYTES:
        raise ContentError(
            f"roles, index templates and saved objects are {len(encoded)} bytes when compressed, more than the"
            f" {MOST_ENCODED_BYTES} that a custom resource can carry: split them over several resources"
        )
    return encoded


def decode(encoded: str, *, mappings: Mapping[str, tuple[str, ...]]) -> Content:
    """Return the content of a custom resource; its mappings are a separate property, because they refer to roles."""
    value = json.loads(encoded if encoded.startswith("{") else gzip.decompress(base64.b64decode(encoded)))
    return Content(
        roles=value["roles"],
        mappings=mappings,
        index_templates=value["index_templates"],
        saved_objects=tuple(value["saved_objects"]),
    )
