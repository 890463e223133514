"""Applications and policies in templates, for several rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.review.templates import APPLICATION, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from cdk_penstock.review.templates import Resource, Templates

_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


def flink_applications(templates: Templates) -> Iterator[Resource]:
    """Yield the applications that run Flink jobs; Studio and SQL applications are left out."""
    for application in templates.resources(APPLICATION):
        if str(application.get("RuntimeEnvironment")).startswith("FLINK"):
            yield application


def statements(resource: Resource) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a policy, or of all inline policies of a role."""
    documents = [as_mapping(policy).get("PolicyDocument") for policy in as_list(resource.get("Policies"))]
    for document in (*documents, resource.get("PolicyDocument")):
        for statement in as_list(as_mapping(document).get("Statement")):
            yield as_mapping(statement)


def role_policies(role: Resource, templates: Templates) -> Iterator[Resource]:
    """Yield the role itself, for its inline policies, and every policy that is attached to it."""
    yield role
    for policy in templates.resources(*_POLICIES):
        attached = [templates.find(value, policy.template) for value in as_list(policy.get("Roles"))]
        named = [templates.find(value, role.template) for value in as_list(role.get("ManagedPolicyArns"))]
        if any(each and each.key == role.key for each in attached) or any(
            each and each.key == policy.key for each in named
        ):
            yield policy
