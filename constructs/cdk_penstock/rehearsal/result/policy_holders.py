"""The roles of the templates: their policies, and whoever acts with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.policy_names import PolicyKind
from cdk_penstock.review.templates import APPLICATION, Templates, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.rehearsal.result.template_statements import TemplateStatement
    from cdk_penstock.review.templates import Resource

ROLE: Final = "AWS::IAM::Role"
_FUNCTION: Final = "AWS::Lambda::Function"
_STATE_MACHINE: Final = "AWS::StepFunctions::StateMachine"
_TRIGGERS: Final = ("AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::SNS::Subscription", "AWS::CloudWatch::Alarm")
_ROLE_OF: Final = {_FUNCTION: "Role", _STATE_MACHINE: "RoleArn", APPLICATION: "ServiceExecutionRole"}


@dataclass(frozen=True)
class PolicyHolders:
    """Answers about the roles of templates."""

    templates: Templates

    def roles_of(self, statement: TemplateStatement) -> list[Resource]:
        """Return the roles that hold the policy of a statement: none for the policy of a resource."""
        holder = statement.resource
        if statement.kind in {PolicyKind.TRUST, PolicyKind.INLINE}:
            return [holder]
        named = as_list(as_mapping(holder.body.get("Properties")).get("Roles"))
        found = [self.templates.find(each, holder.template) for each in named]
        return [
            *(each for each in found if each is not None and each.type == ROLE),
            *self._attaching.get(holder.key, []),
        ]

    def users_of(self, role: Resource, type_: str) -> list[Resource]:
        """Return the functions, state machines or applications that act with a role."""
        return self._users.get((type_, *role.key), [])

    def functions_of(self, role: Resource) -> list[Resource]:
        """Return the functions of a role."""
        return self.users_of(role, _FUNCTION)

    def machines_of(self, role: Resource) -> list[Resource]:
        """Return the state machines of a role."""
        return self.users_of(role, _STATE_MACHINE)

    def applications_of(self, role: Resource) -> list[Resource]:
        """Return the applications whose execution role it is."""
        return self.users_of(role, APPLICATION)

    def triggers_of(self, function: Resource) -> list[Resource]:
        """Return the rules, schedules and alarms that call a function."""
        return self._triggers.get(function.key, [])

    def resources_in(self, value: Any, statement: TemplateStatement) -> list[Resource]:
        """Return the resources of the templates that a part of a statement refers to."""
        return list(self.templates.references(value, statement.resource.template))

    @cached_property
    def _users(self) -> dict[tuple[str, str, str], list[Resource]]:
        users: dict[tuple[str, str, str], list[Resource]] = {}
        for user in self.templates.resources(*_ROLE_OF):
            role = self.templates.find(user.get(_ROLE_OF[user.type]), user.template)
            if role is not None:
                users.setdefault((user.type, *role.key), []).append(user)
        return users

    @cached_property
    def _triggers(self) -> dict[tuple[str, str], list[Resource]]:
        return self._grouped(self.templates.resources(*_TRIGGERS), ("Targets", "Target", "Endpoint", "AlarmActions"))

    @cached_property
    def _attaching(self) -> dict[tuple[str, str], list[Resource]]:
        """The roles that name a managed policy, by the policy."""
        return self._grouped(self.templates.resources(ROLE), ("ManagedPolicyArns",))

    def _grouped(self, naming: Iterable[Resource], properties: Sequence[str]) -> dict[tuple[str, str], list[Resource]]:
        grouped: dict[tuple[str, str], list[Resource]] = {}
        for each in naming:
            for name in properties:
                for named in self.templates.references(each.get(name), each.template):
                    grouped.setdefault(named.key, []).append(each)
        return grouped
