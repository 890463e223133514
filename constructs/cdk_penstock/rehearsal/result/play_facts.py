"""The facts of a play that tell why a statement was not exercised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.timeline import MadeBy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.rehearsal.timeline import DecidedCall

_PLAYED: Final = ("lambda", "states", "cloudformation", "kinesisanalytics", "infrastructure.kinesisanalytics")


@dataclass(frozen=True)
class PlayFacts:
    """The facts of a play that the rules ask for.

    Parameters
    ----------
    calls
        All calls.
    in_name_only
        The names of the resources that are modelled in name only.
    acts
        The names of the acts that were played.
    unanswered
        The actions that no service of the play answers.
    """

    calls: Sequence[DecidedCall]
    in_name_only: frozenset[str]
    acts: tuple[str, ...]
    unanswered: frozenset[str] = frozenset()

    @cached_property
    def services(self) -> frozenset[str]:
        """The services that are modelled, or that called, without their domain."""
        return frozenset({*_PLAYED, *(service_of(call.request.caller.service) for call in self.calls)})

    @cached_property
    def acting(self) -> frozenset[str]:
        """The names of the identity policies of all callers."""
        return frozenset(policy.name for call in self.calls for policy in call.identity_policies)

    @cached_property
    def refused(self) -> frozenset[str]:
        """The actions of refused calls, in lowercase."""
        return frozenset(call.request.action.lower() for call in self.calls if not call.decision.allowed)

    @cached_property
    def stopped_at(self) -> Mapping[str, str]:
        """The first call that got no answer, by the name of each of its caller's policies."""
        found: dict[str, str] = {}
        for call in self.calls:
            if call.made_by is MadeBy.FUNCTION and call.request.action in self.unanswered:
                for policy in call.identity_policies:
                    found.setdefault(policy.name, call.request.action)
        return found

    @cached_property
    def called_services(self) -> frozenset[str]:
        """The services that were called: the prefixes of all actions."""
        return frozenset(call.request.action.partition(":")[0].lower() for call in self.calls)


def service_of(principal: str) -> str:
    """Return a service without domain and Region: ``logs`` for ``logs.eu-central-1.amazonaws.com``."""
    parts = principal.partition(".amazonaws.com")[0].split(".")
    return ".".join(part for part in parts if "-" not in part or not part[-1:].isdigit())
