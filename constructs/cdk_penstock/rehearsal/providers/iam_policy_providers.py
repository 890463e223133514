"""IAM's policies that are resources themselves, for roles; those of users and groups are not judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.policy_names import PolicyKind, policy_name
from cdk_penstock.rehearsal.providers.document_values import document_of, role_named
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.review.templates import as_list

if TYPE_CHECKING:
    from cdk_penstock.model.policies.evaluator import NamedPolicy
    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted
    from cdk_penstock.rehearsal.world.iam_roles import Role


class InlinePolicyProvider(NamedOnly):
    """Puts a policy into roles: AWS::IAM::Policy, AWS::IAM::RolePolicy."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Put the policy into its roles; one that does not exist is refused as by IAM."""
        roles = self._roles(wanted)
        policy = _policy(wanted)
        made = super().create(wanted)
        for role in roles:
            role.inline[_name(wanted)] = policy
        return made

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change the policy, its name or its roles."""
        roles = self._roles(wanted)
        policy = _policy(wanted)
        made = super().update(existing, wanted)
        self._take_away(existing.wanted)
        for role in roles:
            role.inline[_name(wanted)] = policy
        return made

    def delete(self, existing: Existing) -> None:
        """Take the policy away."""
        self._take_away(existing.wanted)
        super().delete(existing)

    def not_proven(self, wanted: Wanted) -> str:
        """Return a sentence about users and groups, empty if the policy is for roles alone."""
        return not_judged_holders(wanted)

    def _roles(self, wanted: Wanted) -> list[Role]:
        return [role_named(self.world, wanted.place, name) for name in role_names(wanted)]

    def _take_away(self, wanted: Wanted) -> None:
        for name in role_names(wanted):
            place = wanted.place
            role = self.world.iam.find(f"arn:{place.partition}:iam::{place.account}:role/{name}")
            if role is not None:
                role.inline.pop(_name(wanted), None)


class ManagedPolicyProvider(NamedOnly):
    """Creates a managed policy, and attaches it to the roles that it names itself."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the policy; a role that does not exist is refused as by IAM."""
        roles = [role_named(self.world, wanted.place, name) for name in role_names(wanted)]
        policy = _policy(wanted)
        made = super().create(wanted)
        self.world.iam.managed[made.physical_id] = policy
        for role in roles:
            _attach(role, made.physical_id)
        return made

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change the policy, or its roles."""
        roles = [role_named(self.world, wanted.place, name) for name in role_names(wanted)]
        policy = _policy(wanted)
        made = super().update(existing, wanted)
        self.world.iam.managed[made.physical_id] = policy
        before = role_names(existing.wanted)
        for role in self.world.iam.attached_to(made.physical_id):
            if role.name in before and role not in roles:
                role.attached.remove(made.physical_id)
        for role in roles:
            _attach(role, made.physical_id)
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the policy; IAM refuses that while a role has it that the policy does not name itself."""
        arn = existing.made.physical_id
        named = role_names(existing.wanted)
        if any(role.name not in named for role in self.world.iam.attached_to(arn)):
            raise ResourceFailedError("Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)")
        for role in self.world.iam.attached_to(arn):
            role.attached.remove(arn)
        self.world.iam.managed.pop(arn, None)
        super().delete(existing)

    def not_proven(self, wanted: Wanted) -> str:
        """Return a sentence about users and groups, empty if the policy is for roles alone."""
        return not_judged_holders(wanted)


def role_names(wanted: Wanted) -> tuple[str, ...]:
    """Return the names of the roles that a policy is for."""
    given = wanted.properties.get("Roles", wanted.properties.get("RoleName"))
    return tuple(str(each) for each in as_list(given))


def not_judged_holders(wanted: Wanted) -> str:
    """Return a sentence about the users and groups that a policy is for, empty if it is for roles alone."""
    kinds = {"user": "Users", "group": "Groups"}
    holders = [f"{kind} {each}" for kind, name in kinds.items() for each in as_list(wanted.properties.get(name))]
    return f"its effect on {', '.join(holders)} is not judged" if holders else ""


def _policy(wanted: Wanted) -> NamedPolicy:
    document = document_of(wanted.properties.get("PolicyDocument"))
    return named_policy(policy_name(wanted.name, PolicyKind.POLICY), document)


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("PolicyName"))


def _attach(role: Role, arn: str) -> None:
    if arn not in role.attached:
        role.attached.append(arn)


PROVIDERS = {
    "AWS::IAM::ManagedPolicy": ManagedPolicyProvider,
    "AWS::IAM::Policy": InlinePolicyProvider,
    "AWS::IAM::RolePolicy": InlinePolicyProvider,
}
