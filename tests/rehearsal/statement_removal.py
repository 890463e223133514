"""Removal of one statement from the templates of a play."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.template_statements import TemplateStatement
    from cdk_penstock.rehearsal.stage import Stage

Path = tuple[str | int, ...]


def remove_statement(stage: Stage, statement: TemplateStatement) -> None:
    """Remove a statement from the template that the stage deploys next; a permission is a resource, and goes whole."""
    resources = stage.bodies[statement.stack]["Resources"]
    if statement.resource.type == "AWS::Lambda::Permission":
        del resources[statement.resource.logical_id]
        for body in resources.values():
            _forget(body, statement.resource.logical_id)
        return
    path = _path_of(statement.resource.body, statement.raw)
    assert path is not None, f"{statement.name} is not in the template"
    *parents, last = path
    place: Any = resources[statement.resource.logical_id]
    for each in parents:
        place = place[each]
    del place[last]


def _forget(body: dict[str, Any], logical_id: str) -> None:
    depends_on = body.get("DependsOn", [])
    body["DependsOn"] = [
        each for each in ([depends_on] if isinstance(depends_on, str) else depends_on) if each != logical_id
    ]


def _path_of(value: Any, wanted: object, path: Path = ()) -> Path | None:
    """Return the path to the very object, not to one that is equal."""
    if value is wanted:
        return path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, each in items if (found := _path_of(each, wanted, (*path, key))) is not None), None)
