"""Tags of applications and of enhanced snapshots."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.tables import scope_of
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.version_settings import Document


_MAXIMUM_TAGS: Final = 50
_SNAPSHOT: Final = ":snapshot/"


def parsed_tags(given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return tags by key; raise RefusedCallError for a key that is given twice, reserved, or one too many."""
    twice = sorted(key for key, count in Counter(each["Key"] for each in given).items() if count > 1)
    if twice:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"Tag keys must be unique, these are given more than once: {', '.join(twice)}"
        )
    tags = {each["Key"]: each.get("Value", "") for each in given}
    # CloudFormation gives its own tags.
    reserved = sorted(each for each in tags if each.startswith("aws:") and not each.startswith("aws:cloudformation:"))
    if reserved:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"Tag keys must not begin with aws:, got {', '.join(reserved)}"
        )
    _check_number(tags)
    return tags


def _check_number(tags: Mapping[str, str]) -> None:
    own = [key for key in tags if not key.startswith("aws:")]
    if len(own) > _MAXIMUM_TAGS:
        raise RefusedCallError(
            RefusalCode.TOO_MANY_TAGS, f"A resource has at most {_MAXIMUM_TAGS} tags, got {len(own)}"
        )


def _tags_of(call: Call) -> dict[str, str]:
    arn = call.parameters["ResourceARN"]
    call.msf.authorization.check_action(call.caller, call.operation, arn)
    if not arn.startswith(f"{call.scope}:"):
        raise RefusedCallError(
            RefusalCode.RESOURCE_NOT_FOUND,
            f"Resource {arn} not found in account {call.caller.account} and Region {call.caller.region}",
        )
    if _SNAPSHOT in arn:
        snapshot = call.msf.store.enhanced_snapshot(arn)
        if snapshot is None:
            raise RefusedCallError(RefusalCode.RESOURCE_NOT_FOUND, f"Snapshot {arn} not found")
        return dict(snapshot.tags or {})
    return dict(call.msf.store.application(arn).tags or {})


def _write(call: Call, tags: dict[str, str]) -> None:
    _check_number(tags)
    store, arn = call.msf.store, call.parameters["ResourceARN"]
    snapshot = store.enhanced_snapshot(arn) if _SNAPSHOT in arn else None
    if snapshot is not None:
        store.write_snapshots(SnapshotChange(scope=scope_of(arn), snapshots=(replace(snapshot, tags=tags),)))
        return
    application = store.application(arn)
    check_status(StatusBound.TAG, application.name, application.status)
    store.write(Change(application=replace(application, tags=tags)))


def _tag_resource(call: Call) -> Document:
    _write(call, _tags_of(call) | parsed_tags(call.parameters["Tags"]))
    return {}


def _untag_resource(call: Call) -> Document:
    gone = set(call.parameters["TagKeys"])
    _write(call, {key: value for key, value in _tags_of(call).items() if key not in gone})
    return {}


def _list_tags(call: Call) -> Document:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tags_of(call).items()]}


OPERATIONS: Final = {
    "ListTagsForResource": _list_tags,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
}
"""The operations of this module, by their names in the API."""
