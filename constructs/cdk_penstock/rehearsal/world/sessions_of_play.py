"""The part in the play of each session: who makes the calls that are signed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from cdk_penstock.model.policies.evaluator import Caller


class SessionsOfPlay:
    """The sessions that were given out, by their ARNs."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[MadeBy, bool]] = {}

    def remember(self, session_arn: str, made_by: MadeBy, *, is_probe: bool = False) -> None:
        """Remember whose calls a session makes; ``is_probe`` for an attacker, whose calls are made to be refused."""
        self._parts[session_arn] = (made_by, is_probe)

    def remember_assumed(self, actor: Actor, role_arn: str, session_name: str) -> None:
        """Remember that an actor has assumed a role: its calls stay the actor's."""
        _, partition, _, _, account, role = role_arn.split(":", 5)
        session = f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session_name}"
        self.remember(session, actor.made_by, is_probe=actor.is_probe)

    def actor(self, arn: str, *, made_by: MadeBy | None = None) -> Actor:
        """Return the actor behind an ARN, a function's code if nothing else is known of it.

        ``made_by`` is the part of whoever calls for it.
        """
        known, is_probe = self._parts.get(arn, (MadeBy.FUNCTION, False))
        return Actor(made_by=made_by or known, arn=arn, is_probe=is_probe)

    def actor_of(self, caller: Caller) -> Actor:
        """Return the actor of a caller; a service is MSF, which calls as its two principals."""
        if caller.service:
            return Actor(made_by=MadeBy.MSF, service=caller.service)
        return self.actor(caller.arn)
