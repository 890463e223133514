"""IAM's roles.

A managed policy that is not in the templates, of AWS or of the account, can be attached; it allows nothing here, and
decisions name it. A permissions boundary is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.policy_names import PolicyKind, policy_name
from cdk_penstock.rehearsal.providers.document_values import document_of
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from cdk_penstock.model.policies.evaluator import NamedPolicy
    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted


class RoleProvider(NamedOnly):
    """Creates roles with their trust policy, and the policies that their own resource gives them."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the role."""
        made = super().create(wanted)
        arn = str(made.attributes["Arn"])
        if self.world.iam.find(arn) is not None:
            self.world.records.pop(arn)
            raise ResourceFailedError(
                f"Role with name {made.physical_id} already exists. (Service: Iam, Status Code: 409)"
            )
        role = Role(arn=arn, trust=_trust(wanted), inline=_inline(wanted), attached=_attached(wanted))
        self.world.iam.add_role(role)
        return made

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change its trust policy and its policies; those of other resources stay."""
        role = self._role(existing)
        trust, inline, attached = _trust(wanted), _inline(wanted), _attached(wanted)
        made = super().update(existing, wanted)
        self._strip(role, existing)
        role.trust = trust
        role.inline.update(inline)
        role.attached.extend(each for each in attached if each not in role.attached)
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the role; IAM refuses that while other resources give it policies."""
        role = self.world.iam.find(str(existing.made.attributes["Arn"]))
        if role is not None:
            self._strip(role, existing)
            conflict = "detach all" if role.attached else "delete" if role.inline else ""
            if conflict:
                raise ResourceFailedError(
                    f"Cannot delete entity, must {conflict} policies first. (Service: Iam, Status Code: 409)"
                )
            self.world.iam.remove_role(role.arn)
        super().delete(existing)

    def not_proven(self, wanted: Wanted) -> str:
        """Return a sentence about its permissions boundary, empty if it has none."""
        boundary = wanted.properties.get("PermissionsBoundary")
        return f"its permissions boundary {boundary} is not judged" if boundary else ""

    def _role(self, existing: Existing) -> Role:
        role = self.world.iam.find(str(existing.made.attributes["Arn"]))
        if role is None:
            raise ResourceFailedError(
                f"The role with name {existing.made.physical_id} cannot be found. (Service: Iam, Status Code: 404)"
            )
        return role

    def _strip(self, role: Role, existing: Existing) -> None:
        """Take away the policies that the role's own resource gave it."""
        for name in _inline(existing.wanted):
            role.inline.pop(name, None)
        mine = _attached(existing.wanted)
        role.attached[:] = [each for each in role.attached if each not in mine]


def _trust(wanted: Wanted) -> NamedPolicy:
    document = document_of(wanted.properties.get("AssumeRolePolicyDocument"))
    return named_policy(policy_name(wanted.name, PolicyKind.TRUST), document)


def _inline(wanted: Wanted) -> dict[str, NamedPolicy]:
    found: dict[str, NamedPolicy] = {}
    for given in as_list(wanted.properties.get("Policies")):
        policy: dict[str, Any] = dict(as_mapping(given))
        name = str(policy.get("PolicyName"))
        found[name] = named_policy(
            policy_name(wanted.name, PolicyKind.INLINE, name), document_of(policy.get("PolicyDocument"))
        )
    return found


def _attached(wanted: Wanted) -> list[str]:
    return [str(each) for each in as_list(wanted.properties.get("ManagedPolicyArns"))]


PROVIDERS = {"AWS::IAM::Role": RoleProvider}
