"""The applications of a play and the people around them, as the policies of the templates name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import Effect
from cdk_penstock.model.policies.evaluator import Caller, Request
from cdk_penstock.rehearsal.world.authority import decide_on
from cdk_penstock.rehearsal.world.iam_roles import ADMINISTRATOR_ACCESS, Role, named_policy
from cdk_penstock.review.templates import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_penstock.model.policies.evaluator import NamedPolicy
    from cdk_penstock.rehearsal.stage import Stage
    from cdk_penstock.rehearsal.world.iam_roles import Iam

_WILDCARD: Final = re.compile(r"[*?]+")
_GENERATED: Final = "0123456789abcdef"
_PRINCIPAL_ARN: Final = "aws:PrincipalArn"
_NOBODYS_TRUST: Final = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sso.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@dataclass(frozen=True, kw_only=True)
class PlayedApplication:
    """An application that a stack of the play has created.

    Parameters
    ----------
    name, arn
        The application.
    account, region
        Where it is.
    execution_role_arn
        The role of its job.
    key_arns
        The customer managed keys of its state; none if it is under the AWS-owned key.
    operator_arns
        The roles of the templates that may start it, and that somebody may assume.
    """

    name: str
    arn: str
    account: str
    region: str
    execution_role_arn: str
    key_arns: tuple[str, ...]
    operator_arns: tuple[str, ...]


def played_applications(stage: Stage) -> list[PlayedApplication]:
    """Return the applications of all stacks."""
    return list(_applications(stage))


def _applications(stage: Stage) -> Iterator[PlayedApplication]:
    for stack in stage.engine.stacks.values():
        for existing in stack.resources.values():
            if existing.wanted.type != APPLICATION:
                continue
            place, name = existing.wanted.place, existing.made.physical_id
            arn = f"arn:{place.partition}:kinesisanalytics:{place.region}:{place.account}:application/{name}"
            settings = stage.world.msf.store.application(arn).settings
            yield PlayedApplication(
                name=name,
                arn=arn,
                account=place.account,
                region=place.region,
                execution_role_arn=str(existing.wanted.properties.get("ServiceExecutionRole")),
                key_arns=tuple(sorted(settings.encryption.keys)),
                operator_arns=tuple(_operators(stage.world.iam, arn)),
            )


def _operators(iam: Iam, application_arn: str) -> Iterator[str]:
    for role in iam.roles():
        request = Request(
            caller=Caller.role(role.arn), action="kinesisanalytics:StartApplication", resource=application_arn
        )
        policies = iam.policies_of(role)
        if ADMINISTRATOR_ACCESS not in role.attached and _is_allowed(request, policies) and _lets_roles_in(role.trust):
            yield role.arn


def _is_allowed(request: Request, policies: Sequence[NamedPolicy]) -> bool:
    try:
        return decide_on(request, identity_policies=policies, resource_policy=None).allowed
    except PenstockError:
        return False


def _lets_roles_in(trust: NamedPolicy) -> bool:
    return any(each.principals and each.principals.get("AWS") for each in trust.document.statements)


def outside_principals(policy: NamedPolicy, iam: Iam) -> list[str]:
    """Return ARNs of roles that a trust or key policy lets in, and that are in no template.

    For people of IAM Identity Center, whose roles have generated names, it is one role that the pattern matches.
    """
    found: dict[str, None] = {}
    for statement in policy.document.statements:
        if statement.effect is not Effect.ALLOW or not statement.principals:
            continue
        patterns = [
            pattern
            for keys in statement.conditions.values()
            for key, values in keys.items()
            if key == _PRINCIPAL_ARN
            for pattern in values
        ]
        named = [arn for arn in statement.principals.get("AWS", ()) if not arn.endswith(":root")]
        for arn in [*patterns[:1], *(each for each in named if each.startswith("arn:"))]:
            concrete = _WILDCARD.sub(_GENERATED, arn)
            if iam.find(concrete) is None or iam.find(concrete) in iam.outside:
                found[concrete] = None
    return list(found)


def bring_in(iam: Iam, arn: str, actions: Sequence[str], resources: Sequence[str] = ("*",)) -> Role:
    """Return a role of the account that is in no template, with these permissions of its own."""
    role = iam.find(arn)
    if role is None:
        role = Role(arn=arn, trust=named_policy(f"trust of {arn} (outside of the templates)", _NOBODYS_TRUST))
        iam.add_role(role)
        iam.outside.append(role)
    document = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}]}
    name = f"policy of {role.name} (outside of the templates)"
    role.inline[name] = named_policy(name, document)
    return role


def administrator(iam: Iam, account: str) -> Role:
    """Return a role of the account with AdministratorAccess, which no template names."""
    arn = f"arn:aws:iam::{account}:role/AccountAdministrator"
    role = bring_in(iam, arn, ["*"])
    role.inline.clear()
    role.attached = [ADMINISTRATOR_ACCESS]
    return role
