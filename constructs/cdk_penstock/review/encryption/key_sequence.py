"""The customer-managed-key sequence of one application, as a template has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource
from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy
from cdk_penstock.review.encryption.roles import TemplateRole, roles_of
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import APPLICATION, LOGGING_OPTION, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.templates import Resource


@dataclass(frozen=True, kw_only=True)
class KeySequence:
    """An application, its key, and the roles that may use it.

    Parameters
    ----------
    stack, resources
        The stack, and its resources.
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


def key_sequences_of(stack: SynthesizedStack) -> Iterator[tuple[str, Callable[[], KeySequence]]]:
    """Yield each resource that puts an application under a customer managed key, and a reader of its sequence."""
    resolution = Resolution(stack)
    resources = {each.logical_id: each.body for each in stack.template.resources()}
    for update in stack.template.resources(ApplicationKeyResource.resource_type):
        yield update.logical_id, partial(_key_sequence, update, resolution, resources)


def _key_sequence(key_update: Resource, resolution: Resolution, resources: Mapping[str, Any]) -> KeySequence:
    stack, update_id = resolution.stack, key_update.logical_id
    update = as_mapping(key_update.body.get("Properties"))
    roles = roles_of(resolution)
    name = resolution.resolve(update["ApplicationName"])
    operator = roles[_target(update["OperatorRoleArn"])]
    key_ids = [_target(each) for each in [update["KeyArn"], *as_list(update.get("PreviousKeyArns"))]]
    key_ids += _closed_after(update_id, resources)
    application_id = _application(name, resources, resolution)
    steps = {
        "operator": next((p.name for p in operator.policies if p.name not in _naming(key_ids[0], resources)), ""),
        "application": application_id,
        "log": _of(LOGGING_OPTION, name, resources, resolution),
        "key": key_ids[0] if key_ids[0] in resources else "",
        "permission": next((p.name for p in operator.policies if p.name in _naming(key_ids[0], resources)), ""),
        "update": update_id,
        "start": _of(VerifiedStartResource.resource_type, name, resources, resolution),
    }
    role = (
        as_mapping(resources[application_id].get("Properties")).get("ServiceExecutionRole") if application_id else None
    )
    return KeySequence(
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
        named = as_mapping(body.get("Properties")).get("ApplicationName")
        if is_type and resolution.resolve(named) == application_name:
            return logical_id
    return ""


def _naming(key_id: str, resources: Mapping[str, Any]) -> set[str]:
    """Return the ids of the policies that name the key."""
    return {
        logical_id
        for logical_id, body in resources.items()
        if body["Type"] == "AWS::IAM::ManagedPolicy"
        and _mentions(as_mapping(body.get("Properties")).get("PolicyDocument"), key_id)
    }


def _closed_after(update_id: str, resources: Mapping[str, Any]) -> list[str]:
    """Return the keys that wait for the update: when they change, the application no longer uses them."""
    return [
        logical_id
        for logical_id, body in resources.items()
        if body["Type"] == "AWS::KMS::Key" and update_id in as_list(body.get("DependsOn"))
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
    """Return the logical id that a reference names; a text, as for an imported key, is returned unchanged."""
    match reference:
        case {"Fn::GetAtt": [str(name), _]} | {"Ref": str(name)}:
            return name
        case _:
            return str(reference)
