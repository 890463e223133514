"""Record of a rehearsal: the calls that were decided, and the events of resources, in their order."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cdk_penstock.model.policies.evaluator import Decision, NamedPolicy, Request


class MadeBy(StrEnum):
    """The part that made a call, in the words of the result."""

    CLOUDFORMATION = "CloudFormation"
    """CloudFormation, with the stack's execution role."""
    FRAMEWORK = "provider framework"
    """The CDK's provider framework, with the roles of its functions and of its waiter."""
    FUNCTION = "function"
    """The code of a Lambda function, with the function's role or one that it has assumed."""
    LAMBDA = "Lambda"
    """Lambda itself: it assumes a function's role, and writes the function's log with it."""
    MSF = "MSF"
    """MSF itself, with its two principals or with the application's execution role."""
    MSF_FOR_CALLER = "MSF for its caller"
    """MSF, with the permissions of whoever called it."""
    JOB = "job"
    """The application's job, with the execution role."""
    SERVICE = "another service"
    """Another service, as itself or with a role that it was given, such as a schedule that calls a function."""
    PERSON = "person"
    """A person or a program outside of the templates, with a role of the account or one that was assumed."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the play: act, stack, and logical id of the resource; empty outside of one."""

    act: str = ""
    stack: str = ""
    logical_id: str = ""


@dataclass(frozen=True, kw_only=True)
class DecidedCall:
    """A call, and the decision on it.

    Parameters
    ----------
    number
        The position in the timeline, from 1, shared with resource events.
    at
        The time on the clock of the rehearsal.
    place
        Where in the play.
    made_by
        Who made it.
    request
        The call; its caller is the role, or the service.
    session
        The ARN of the caller's session, empty for a service.
    decision
        The decision.
    identity_policies, resource_policy
        The policies that decided, as they were then.
    both_policies
        True if the call needed both, as MSF does of keys.
    is_probe
        True if it was made to be refused, by an attacker of the play.
    is_optional
        True for a call of CloudFormation that its handler may need, depending on what the schema does not tell.
    problem
        The reason for which the call could not be judged, empty if it could.
    """

    number: int
    at: datetime
    place: Place
    made_by: MadeBy
    request: Request
    session: str = ""
    decision: Decision
    identity_policies: tuple[NamedPolicy, ...] = field(default=(), repr=False)
    resource_policy: NamedPolicy | None = field(default=None, repr=False)
    both_policies: bool = False
    is_probe: bool = False
    is_optional: bool = False
    problem: str = ""


class Progress(StrEnum):
    """Status of a resource or a stack, in CloudFormation's words without the operation."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, kw_only=True)
class ResourceEvent:
    """An event of a resource, or of a stack if the place has no logical id.

    Parameters
    ----------
    number, at, place
        As of a call.
    type
        The resource type, ``AWS::CloudFormation::Stack`` for a stack.
    name
        The construct's path, or the stack's name.
    operation
        ``CREATE``, ``UPDATE``, ``DELETE``; ``REPLACE``; ``UPDATE_ROLLBACK`` and the like for a stack.
    progress
        The status of the operation.
    reason
        Why, for a failure or where something was left out.
    """

    number: int
    at: datetime
    place: Place
    type: str
    name: str
    operation: str
    progress: Progress
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence about the play, such as the state of an application that a step has changed."""

    number: int
    at: datetime
    place: Place
    text: str


Entry = DecidedCall | ResourceEvent | Note


class Timeline:
    """Everything that happened, in its order.

    Parameters
    ----------
    clock
        Returns the time of the rehearsal.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.entries: list[Entry] = []
        self.place = Place()

    @contextmanager
    def at(self, *, act: str | None = None, stack: str | None = None, logical_id: str | None = None) -> Iterator[None]:
        """Record what happens within under this place; what is left out stays as it is."""
        before = self.place
        given = {"act": act, "stack": stack, "logical_id": logical_id}
        self.place = replace(before, **{name: value for name, value in given.items() if value is not None})
        try:
            yield
        finally:
            self.place = before

    def record_call(
        self,
        made_by: MadeBy,
        request: Request,
        decision: Decision,
        *,
        session: str = "",
        identity_policies: tuple[NamedPolicy, ...] = (),
        resource_policy: NamedPolicy | None = None,
        both_policies: bool = False,
        is_probe: bool = False,
        is_optional: bool = False,
        problem: str = "",
    ) -> DecidedCall:
        """Record a call, and return the record."""
        # The calls of a function may come from several threads.
        with self._lock:
            call = DecidedCall(
                number=len(self.entries) + 1,
                at=self._clock(),
                place=self.place,
                made_by=made_by,
                request=request,
                session=session,
                decision=decision,
                identity_policies=identity_policies,
                resource_policy=resource_policy,
                both_policies=both_policies,
                is_probe=is_probe,
                is_optional=is_optional,
                problem=problem,
            )
            self.entries.append(call)
        return call

    def record_event(self, *, type: str, name: str, operation: str, progress: Progress, reason: str = "") -> None:  # noqa: A002
        """Record an event of the present resource or stack."""
        self.entries.append(
            ResourceEvent(
                number=len(self.entries) + 1,
                at=self._clock(),
                place=self.place,
                type=type,
                name=name,
                operation=operation,
                progress=progress,
                reason=reason,
            )
        )

    def note(self, text: str) -> None:
        """Record a sentence."""
        self.entries.append(Note(number=len(self.entries) + 1, at=self._clock(), place=self.place, text=text))

    @property
    def calls(self) -> list[DecidedCall]:
        """All calls."""
        return [each for each in self.entries if isinstance(each, DecidedCall)]

    @property
    def denied(self) -> list[DecidedCall]:
        """The calls that were refused, were not made to be refused, and are needed."""
        return [each for each in self.calls if not (each.decision.allowed or each.is_probe or each.is_optional)]

    @property
    def denied_optional(self) -> list[DecidedCall]:
        """The calls that were refused, and may be needed: CloudFormation can fail without them."""
        return [each for each in self.calls if each.is_optional and not each.decision.allowed]
