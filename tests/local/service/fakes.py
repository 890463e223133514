"""Operations that record their calls, a clock that a test sets, and policies that refuse what a test says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.policies.evaluator import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.model.policies.evaluator import Request


class RecordedOperations:
    """Operations that answer what a test says, and keep what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any], ApiCaller]] = []
        self.answer: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = lambda _name, _parameters: {}

    def call(self, operation: str, parameters: Mapping[str, Any], caller: ApiCaller) -> Mapping[str, Any]:
        self.calls.append((operation, parameters, caller))
        return self.answer(operation, parameters)


class SetClock:
    """A clock that shows the time of this machine, moved by as much as a test says."""

    def __init__(self) -> None:
        self.moved_seconds = 0.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.moved_seconds, UTC)


class RefusingPolicies(AllowAll):
    """Policies that allow everything but calls that a test names."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []
        self.refused: set[str] = set()

    def decide(self, request: Request) -> Decision:
        self.asked.append(request)
        if request.resource in self.refused:
            return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="a test refuses it")
        return super().decide(request)
