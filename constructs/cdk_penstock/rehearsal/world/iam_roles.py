"""IAM's roles and managed policies."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMINISTRATOR_ACCESS: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


def named_policy(name: str, document: Mapping[str, Any]) -> NamedPolicy:
    """Return a policy whose statements all have a name: their Sid, else their position, as ``#1``.

    Raises PolicyDocumentError for a document that is not a policy.
    """
    policy = PolicyDocument.from_json(document)
    statements = tuple(
        dataclasses.replace(each, sid=each.sid or f"#{number}")
        for number, each in enumerate(policy.statements, start=1)
    )
    return NamedPolicy(name=name, document=PolicyDocument(statements=statements, id=policy.id))


@dataclass(kw_only=True)
class Role:
    """A role.

    Parameters
    ----------
    arn
        Its ARN, with its path.
    trust
        Its trust policy.
    inline
        Its inline policies, by their names in IAM.
    attached
        ARNs of its managed policies.
    """

    arn: str
    trust: NamedPolicy
    inline: dict[str, NamedPolicy] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """Its account."""
        return self.arn.split(":")[4]

    def session_arn(self, session: str) -> str:
        """Return the ARN of a session of the role."""
        partition = self.arn.split(":")[1]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.name}/{session}"


_ANYTHING: Final[Mapping[str, Any]] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_WRITE_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_USE_NETWORK_INTERFACES: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html
_OF_AWS: Final[Mapping[str, Mapping[str, Any]]] = {
    ADMINISTRATOR_ACCESS: _ANYTHING,
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {
        "Effect": "Allow",
        "Action": list(_WRITE_LOGS),
        "Resource": "*",
    },
    "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole": {
        "Sid": "AWSLambdaVPCAccessExecutionPermissions",
        "Effect": "Allow",
        "Action": [*_WRITE_LOGS, *_USE_NETWORK_INTERFACES],
        "Resource": "*",
    },
}
"""The statement of each managed policy of AWS that is known here."""


class Iam:
    """The roles and managed policies of the accounts."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], Role] = {}
        self.managed: dict[str, NamedPolicy] = {
            arn: named_policy(f"AWS managed policy {arn.rpartition('/')[2]}", {"Statement": [statement]})
            for arn, statement in _OF_AWS.items()
        }
        self.outside: list[Role] = []
        """The roles that no template has: those of people, and of attackers."""

    def roles(self) -> list[Role]:
        """Return all roles."""
        return list(self._roles.values())

    def add_role(self, role: Role) -> None:
        """Add a role; raise RehearsalError if its account has one of this name."""
        if (role.account, role.name) in self._roles:
            raise RehearsalError(f"the role {role.name} exists already in account {role.account}")
        self._roles[role.account, role.name] = role

    def remove_role(self, arn: str) -> None:
        """Remove a role, if it exists."""
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        self._roles.pop((account, name), None)

    def find(self, arn: str) -> Role | None:
        """Return the role of an ARN, or of the ARN of one of its sessions, None if there is none."""
        parts = arn.split(":", 5)
        if len(parts) < 6:  # noqa: PLR2004 - the segments of an ARN
            return None
        kind, _, rest = parts[5].partition("/")
        name = rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2]
        return self._roles.get((parts[4], name))

    def named(self, account: str, name: str) -> Role:
        """Return the role of a name; raise RehearsalError if there is none."""
        role = self._roles.get((account, name))
        if role is None:
            raise RehearsalError(f"there is no role {name} in account {account}")
        return role

    def attached_to(self, policy_arn: str) -> list[Role]:
        """Return the roles that have a managed policy."""
        return [role for role in self._roles.values() if policy_arn in role.attached]

    def policies_of(self, role: Role) -> tuple[NamedPolicy, ...]:
        """Return all identity policies of a role; a managed policy of AWS that is not known here allows nothing."""
        attached = (self.managed.get(arn) for arn in role.attached)
        return (*role.inline.values(), *(each for each in attached if each is not None))

    def unknown_policies_of(self, role: Role) -> tuple[str, ...]:
        """Return the ARNs of attached policies whose text is not known here."""
        return tuple(arn for arn in role.attached if arn not in self.managed)
