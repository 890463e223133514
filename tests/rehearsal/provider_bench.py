"""A world with the providers of all types and CloudFormation's own calls, for tests of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.engine.resources import Existing, Made, StackPlace, Wanted
from cdk_penstock.rehearsal.engine.stack_engine import StackEngine
from cdk_penstock.rehearsal.engine.stack_tools import StackTools
from cdk_penstock.rehearsal.providers.cloudformation_calls import CloudFormationCalls
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.providers.provider_registry import ProviderRegistry
from cdk_penstock.rehearsal.template.resource_types import must_replace
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.iam_roles import ADMINISTRATOR_ACCESS, Role, named_policy
from cdk_penstock.rehearsal.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-central-1"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cfn-exec"


def stack_place(name: str = "Clicks") -> StackPlace:
    return StackPlace(
        name=name,
        stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
        account=ACCOUNT,
        region=REGION,
        role_session_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/cfn-exec/AWSCloudFormation",
    )


def wanted(resource_type: str, logical_id: str = "Thing", **properties: Any) -> Wanted:
    return Wanted(
        place=stack_place(),
        logical_id=logical_id,
        type=resource_type,
        name=f"Clicks/{logical_id}",
        properties=properties,
    )


def allow(actions: object, resources: object = "*", **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}]}


def trust(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return {"Statement": [statement]}


class ProviderBench:
    """Providers in a new world, whose execution role has these policies. Default: AdministratorAccess."""

    def __init__(
        self, folder: Path, policies: Iterable[Mapping[str, Any]] | None = None, *, role_arn: str = EXECUTION_ROLE
    ) -> None:
        self.world = World(folder)
        role = Role(arn=role_arn, trust=named_policy("trust", {"Statement": []}))
        if policies is None:
            role.attached.append(ADMINISTRATOR_ACCESS)
        for number, document in enumerate(policies or (), start=1):
            role.inline[str(number)] = named_policy(f"execution policy {number}", document)
        self.world.iam.add_role(role)
        self.calls = CloudFormationCalls(self.world)
        self.registry = ProviderRegistry(self.world, NamedOnly(self.world))
        tools = StackTools(
            world=self.world,
            provider_of=self.registry.provider_of,
            before=self.calls.before,
            must_replace=must_replace,
        )
        self.engine = StackEngine(tools)

    def create(self, want: Wanted) -> Existing:
        return Existing(wanted=want, made=self.registry.provider_of(want.type).create(want))

    def update(self, existing: Existing, want: Wanted) -> Made:
        return self.registry.provider_of(want.type).update(existing, want)

    def delete(self, existing: Existing) -> None:
        self.registry.provider_of(existing.wanted.type).delete(existing)

    def not_proven(self, want: Wanted) -> str:
        return self.registry.provider_of(want.type).not_proven(want)

    def role(self, logical_id: str = "Role", service: str = "lambda.amazonaws.com", **more: Any) -> Existing:
        return self.create(wanted("AWS::IAM::Role", logical_id, AssumeRolePolicyDocument=trust(service), **more))

    def may(self, role: Existing, action: str, resource: str, **context: str) -> bool:
        actor = Actor(made_by=MadeBy.FUNCTION, arn=str(role.made.attributes["Arn"]))
        return self.world.authority.ask(actor, action, resource, context).allowed

    def service_may(self, service: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
        actor = Actor(made_by=MadeBy.SERVICE, service=service)
        return self.world.authority.ask(actor, action, resource, context).allowed
