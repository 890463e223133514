"""One application under a customer managed key, as a template has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.model.names import APPLICATION_KEY_RESOURCE, APPLICATION_START_RESOURCE
from penstock.model.policies.documents import PolicyDocument
from penstock.model.policies.evaluator import NamedPolicy
from penstock.review.encryption.roles import TemplateRole, roles_of
from penstock.review.findings import APPLICATION, LOGGING_OPTION
from penstock.review.resolution import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.review.assembly import SynthesizedStack

__all__ = ("Setting", "settings_of")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An application, its key and whoever comes near them.

    Parameters
    ----------
    stack, resources
        Where it is.
    application_arn
        The application.
    ids
        The logical ids of the sequence's resources, by step; a step that the template does not have is missing.
    operator
        The operator role.
    keys
        The policies of the key, and of the previous one if there is one, by ARN; keys that the template does not hold
        are missing.
    roles
        All roles of the template by logical id.
    execution_role
        The logical id of the job's role, None for an imported application.
    """

    stack: SynthesizedStack
    resources: Mapping[str, Any]
    application_arn: str
    ids: Mapping[str, str]
    operator: TemplateRole
    keys: Mapping[str, NamedPolicy]
    roles: Mapping[str, TemplateRole]
    execution_role: str | None


def settings_of(stack: SynthesizedStack) -> Iterator[Setting]:
    """Yield what a template says about each application that it puts under a customer managed key."""
    resolution = Resolution(stack)
    resources = stack.template.body.get("Resources", {})
    roles = roles_of(resolution)
    for update_id, update in resources.items():
        if update["Type"] == APPLICATION_KEY_RESOURCE:
            yield _setting(update_id, update["Properties"], resolution, resources, roles)


def _setting(
    update_id: str,
    update: Mapping[str, Any],
    resolution: Resolution,
    resources: Mapping[str, Any],
    roles: Mapping[str, TemplateRole],
) -> Setting:
    stack = resolution.stack
    name = resolution.resolve(update["ApplicationName"])
    operator = roles[_target(update["OperatorRoleArn"])]
    key_ids = [_target(each) for each in [update["KeyArn"], *update.get("PreviousKeyArns", [])]]
    key_ids += _closed_after(update_id, resources)
    application_id = _application(name, resources, resolution)
    steps = {
        "operator": next((p.name for p in operator.policies if p.name not in _naming(key_ids[0], resources)), ""),
        "application": application_id,
        "log": _of(LOGGING_OPTION, name, resources, resolution),
        "key": key_ids[0] if key_ids[0] in resources else "",
        "permission": next((p.name for p in operator.policies if p.name in _naming(key_ids[0], resources)), ""),
        "update": update_id,
        "start": _of(APPLICATION_START_RESOURCE, name, resources, resolution),
    }
    role = resources[application_id]["Properties"]["ServiceExecutionRole"] if application_id else None
    return Setting(
        stack=stack,
        resources=resources,
        application_arn=f"arn:aws:kinesisanalytics:{stack.region}:{stack.account}:application/{name}",
        ids={step: logical_id for step, logical_id in steps.items() if logical_id},
        operator=operator,
        keys={resolution.arn(key): _key_policy(key, resources, resolution) for key in key_ids if key in resources},
        roles=roles,
        execution_role=_target(role) if role is not None else None,
    )


def _application(name: str, resources: Mapping[str, Any], resolution: Resolution) -> str:
    for logical_id, body in resources.items():
        if body["Type"] == APPLICATION and resolution.resolve({"Ref": logical_id}) == name:
            return logical_id
    return ""


def _of(resource_type: str, application_name: str, resources: Mapping[str, Any], resolution: Resolution) -> str:
    for logical_id, body in resources.items():
        is_type = body["Type"] == resource_type
        if is_type and resolution.resolve(body["Properties"]["ApplicationName"]) == application_name:
            return logical_id
    return ""


def _naming(key_id: str, resources: Mapping[str, Any]) -> set[str]:
    """Return the ids of the policies that name the key."""
    return {
        logical_id
        for logical_id, body in resources.items()
        if body["Type"] == "AWS::IAM::ManagedPolicy" and _mentions(body["Properties"]["PolicyDocument"], key_id)
    }


def _closed_after(update_id: str, resources: Mapping[str, Any]) -> list[str]:
    """Return the keys that the application has left when they change: the update comes first."""
    return [
        logical_id
        for logical_id, body in resources.items()
        if body["Type"] == "AWS::KMS::Key" and update_id in body.get("DependsOn", ())
    ]


def _mentions(value: object, logical_id: str) -> bool:
    match value:
        case {"Fn::GetAtt": [name, _]} | {"Ref": name}:
            return bool(name == logical_id)
        case dict():
            return any(_mentions(each, logical_id) for each in value.values())
        case list():
            return any(_mentions(each, logical_id) for each in value)
        case _:
            return False


def _key_policy(key_id: str, resources: Mapping[str, Any], resolution: Resolution) -> NamedPolicy:
    document = resolution.resolve(resources[key_id]["Properties"]["KeyPolicy"])
    return NamedPolicy(name=key_id, document=PolicyDocument.from_json(document))


def _target(reference: object) -> str:
    """Return the logical id that a reference names; a text, as for a key from elsewhere, is returned as it is."""
    match reference:
        case {"Fn::GetAtt": [str(name), _]} | {"Ref": str(name)}:
            return name
        case _:
            return str(reference)
