"""Attackers of each application: every attempt has to be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.policies.operations import CONTEXT_KEY
from cdk_penstock.rehearsal.acts.act import ActFailedError, ActNotPlayedError
from cdk_penstock.rehearsal.acts.cast import administrator, bring_in, outside_principals, played_applications
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.rehearsal.acts.cast import PlayedApplication
    from cdk_penstock.rehearsal.stage import Stage

_DATA: Final = ("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant")
_MANAGEMENT: Final = ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey")
_SERVICE: Final = "kinesisanalytics.amazonaws.com"
_FOREIGN: Final = "arn:aws:iam::{account}:role/SomebodyElse"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt: who, in words, and what they try; it returns True if it was let through."""

    who: str
    what: str
    is_let_in: Callable[[], bool]


def play_attacks(stage: Stage) -> str:
    """Let everybody try who has no business with an application; raise ActFailedError if one is let in."""
    applications = played_applications(stage)
    if not applications:
        raise ActNotPlayedError("there is no application to attack")
    attempts = [each for application in applications for each in _attempts(stage, application, applications)]
    let_in = [f"{each.who}: {each.what}" for each in attempts if each.is_let_in()]
    if let_in:
        raise ActFailedError(f"{len(let_in)} of {len(attempts)} attempts were not refused: {'; '.join(let_in)}")
    return f"{len(attempts)} attempts, all refused"


def _attempts(stage: Stage, target: PlayedApplication, all_of_them: list[PlayedApplication]) -> Iterator[Attempt]:
    attack = _Attack(stage, target)
    yield from attack.by_role("the job itself", target.execution_role_arn)
    for other in all_of_them:
        for operator in other.operator_arns:
            if operator not in target.operator_arns:
                yield from attack.by_role(f"the operator of {other.name}", operator)
    for operator in target.operator_arns:
        yield from attack.on_key("its operator, but not through MSF", operator, _DATA)
    if target.key_arns:
        admin = administrator(stage.world.iam, target.account).arn
        yield from attack.by_role("an administrator of the account", admin)
        yield from attack.on_key("an administrator of the account", admin, _MANAGEMENT)
    for key_arn in target.key_arns:
        policy = stage.world.authority.resource_policies.get(key_arn)
        for arn in outside_principals(policy, stage.world.iam) if policy else ():
            bring_in(stage.world.iam, arn, ["kms:*"])
            yield from attack.on_key("a principal that the key's policy names", arn, _DATA)
    yield from attack.as_msf_for_another_application()


class _Attack:
    """Attempts on one application."""

    def __init__(self, stage: Stage, target: PlayedApplication) -> None:
        self._world = stage.world
        self._target = target

    def by_role(self, who: str, role_arn: str) -> Iterator[Attempt]:
        """Yield attempts on the key, on the operator role, and to operate the application."""
        yield from self.on_key(who, role_arn, _DATA)
        for operator in self._target.operator_arns:
            yield self._ask(who, role_arn, "sts:AssumeRole", operator, {})
        what = f"StopApplication of {self._target.name}"
        yield Attempt(who=who, what=what, is_let_in=lambda: self._operate(role_arn))

    def on_key(self, who: str, role_arn: str, actions: tuple[str, ...]) -> Iterator[Attempt]:
        """Yield direct calls on the key."""
        for key_arn in self._target.key_arns:
            for action in actions:
                yield self._ask(who, role_arn, action, key_arn, {CONTEXT_KEY: self._target.arn})

    def as_msf_for_another_application(self) -> Iterator[Attempt]:
        """Yield the use of the key by MSF for an application that it was not made for."""
        other = f"{self._target.arn}-of-somebody-else"
        context = {"aws:SourceArn": other, "aws:SourceAccount": self._target.account, CONTEXT_KEY: other}
        actor = Actor(made_by=MadeBy.MSF, service=_SERVICE, is_probe=True)
        for key_arn in self._target.key_arns:
            for action in ("kms:GenerateDataKey", "kms:Decrypt"):
                yield self._ask_as(actor, "MSF, for another application", action, key_arn, context)

    def _ask(self, who: str, role_arn: str, action: str, resource: str, context: Mapping[str, str]) -> Attempt:
        return self._ask_as(Actor(made_by=MadeBy.PERSON, arn=role_arn, is_probe=True), who, action, resource, context)

    def _ask_as(self, actor: Actor, who: str, action: str, resource: str, context: Mapping[str, str]) -> Attempt:
        return Attempt(
            who=who,
            what=f"{action} on {resource}",
            is_let_in=lambda: self._world.authority.ask(actor, action, resource, context).allowed,
        )

    def _operate(self, role_arn: str) -> bool:
        role = self._world.iam.find(role_arn)
        session = role.session_arn("attacker") if role else role_arn
        self._world.sessions.remember(session, MadeBy.PERSON, is_probe=True)
        caller = ApiCaller(account=self._target.account, region=self._target.region, principal_arn=session)
        try:
            self._world.msf_operations.call("StopApplication", {"ApplicationName": self._target.name}, caller)
        except RefusedCallError:
            return False
        return True
