"""Edits of templates as an app team makes them: new code, another parallelism, another key.

An edit changes the synthesized template as a new synthesis would. Our own custom resources have a digest of the
application's template, ``ApplicationRevision``, which changes with it.
"""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.templates import APPLICATION, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REVISION: Final = "ApplicationRevision"
_KEY_UPDATE: Final = "Custom::PenstockApplicationKey"
_KEPT_PARALLELISM: Final = "Custom::PenstockKeptParallelism"
_POLICIES: Final = frozenset({"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"})

Body = dict[str, Any]


def _resources(body: Body, *types: str) -> Iterator[tuple[str, Body]]:
    for logical_id, resource in body.get("Resources", {}).items():
        if resource.get("Type") in types:
            yield logical_id, resource


def code_keys(body: Body) -> list[str]:
    """Return the keys of the objects in S3 that applications have as their code, as far as the template names them."""
    found: dict[str, None] = {}
    for _, application in _resources(body, APPLICATION):
        content: Any = application.get("Properties", {})
        for name in ("ApplicationConfiguration", "ApplicationCodeConfiguration", "CodeContent", "S3ContentLocation"):
            content = as_mapping(as_mapping(content).get(name))
        if isinstance(content.get("FileKey"), str):
            found[content["FileKey"]] = None
    return list(found)


def use_code(body: Body, names: dict[str, str]) -> None:
    """Give applications other code: objects by the key of the present ones, also in the policies that name them."""

    def renamed(value: str) -> str:
        for old, new in names.items():
            value = value.replace(old, new)
        return value

    revise(body, renamed)


def revise(body: Body, changed: Callable[[str], str]) -> None:
    """Change texts of all resources, and the digest of what has them."""
    before = copy.deepcopy(body.get("Resources", {}))
    body["Resources"] = _mapped(body.get("Resources", {}), changed)
    if body["Resources"] != before:
        _renew_revisions(body)


def _renew_revisions(body: Body) -> None:
    for resource in body["Resources"].values():
        properties = resource.get("Properties", {})
        if isinstance(properties, dict) and isinstance(properties.get(_REVISION), str):
            properties[_REVISION] = hashlib.sha256(properties[_REVISION].encode()).hexdigest()


def _mapped(value: Any, changed: Callable[[str], str]) -> Any:
    match value:
        case str():
            return changed(value)
        case dict():
            return {key: _mapped(each, changed) for key, each in value.items()}
        case list():
            return [_mapped(each, changed) for each in value]
        case _:
            return value


def raise_parallelism(body: Body) -> None:
    """Raise the parallelism of each application by one, where the template or its custom resource names it."""
    for _, application in _resources(body, APPLICATION):
        configuration: Any = application.get("Properties", {})
        for name in ("ApplicationConfiguration", "FlinkApplicationConfiguration", "ParallelismConfiguration"):
            configuration = configuration.get(name, {}) if isinstance(configuration, dict) else {}
        if isinstance(configuration, dict) and isinstance(configuration.get("Parallelism"), int):
            configuration["Parallelism"] += 1
    for _, kept in _resources(body, _KEPT_PARALLELISM):
        kept["Properties"]["Parallelism"] = str(int(kept["Properties"]["Parallelism"]) + 1)
    _renew_revisions(body)


def change_keys(body: Body) -> list[str]:
    """Give each application of our key sequence another key, as a higher ``key_generation`` does.

    The new key and its policy stand beside the old ones. Return the logical ids of the new keys.
    """
    added: list[str] = []
    for _, update in list(_resources(body, _KEY_UPDATE)):
        properties = update["Properties"]
        old = _referred(properties["KeyArn"])
        if old is None or old not in body["Resources"]:
            continue
        new = f"{old}Next"
        copies = {old: new}
        for logical_id, policy in _resources(body, *_POLICIES):
            if _names(policy.get("Properties"), old) and logical_id in as_list(update.get("DependsOn")):
                copies[logical_id] = f"{logical_id}Next"
        for source, target in copies.items():
            body["Resources"][target] = _renamed(body["Resources"][source], copies)
        properties["PreviousKeyArns"] = [properties["KeyArn"]]
        properties["KeyArn"] = {"Fn::GetAtt": [new, "Arn"]}
        properties["KeyGeneration"] = str(int(properties["KeyGeneration"]) + 1)
        # It refers to the old key, and waits for the old policy as before.
        earlier = [each for each in as_list(update.get("DependsOn")) if each != old]
        update["DependsOn"] = [*earlier, *copies.values()]
        _expect(body, old, new)
        added.append(new)
    return added


def _expect(body: Body, old: str, new: str) -> None:
    """Let custom resources that check the key expect the new one."""
    for resource in body["Resources"].values():
        properties = resource.get("Properties", {})
        if resource.get("Type", "").startswith("Custom::") and _referred(properties.get("ExpectedKeyArn")) == old:
            properties["ExpectedKeyArn"] = {"Fn::GetAtt": [new, "Arn"]}


def _referred(value: Any) -> str | None:
    match value:
        case {"Fn::GetAtt": [str(logical_id), _]} | {"Ref": str(logical_id)}:
            return logical_id
        case _:
            return None


def _names(value: Any, logical_id: str) -> bool:
    if _referred(value) == logical_id:
        return True
    if isinstance(value, dict):
        return any(_names(each, logical_id) for each in value.values())
    return isinstance(value, list) and any(_names(each, logical_id) for each in value)


def _renamed(resource: Body, names: dict[str, str]) -> Body:
    """Return a copy of a resource whose references lead to the copies of others, with another construct's path."""
    renamed: Body = _mapped(copy.deepcopy(resource), lambda text: names.get(text, text))
    path = as_mapping(renamed.get("Metadata")).get("aws:cdk:path")
    if isinstance(path, str):
        renamed["Metadata"]["aws:cdk:path"] = f"{path.removesuffix('/Resource')}Next/Resource"
    return renamed
