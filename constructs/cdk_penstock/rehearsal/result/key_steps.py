"""The seven steps of an application's customer-managed-key sequence, each with the entry that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.policy_names import PolicyKind, policy_name
from cdk_penstock.rehearsal.timeline import DecidedCall, Progress, ResourceEvent
from cdk_penstock.review.encryption.key_sequence import key_sequences_of
from cdk_penstock.review.templates import SHAPE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cdk_penstock.rehearsal.timeline import Entry
    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.encryption.key_sequence import KeySequence


@dataclass(frozen=True, kw_only=True)
class KeyStep:
    """A step of the sequence.

    Parameters
    ----------
    text
        The step.
    shown_by
        The entry that shows it, None if it was not played.
    """

    text: str
    shown_by: Entry | None


@dataclass(frozen=True, kw_only=True)
class PlayedKeySequence:
    """The sequence of an application, as it was played for the first time.

    Parameters
    ----------
    application
        The application's name.
    stack
        Its stack.
    steps
        The steps that its template has.
    unread
        The reason for which the template's sequence could not be read, empty if it could.
    """

    application: str
    stack: str
    steps: tuple[KeyStep, ...] = ()
    unread: str = ""

    @property
    def is_complete(self) -> bool:
        """True if all steps were played."""
        return bool(self.steps) and all(each.shown_by for each in self.steps)

    @property
    def is_in_order(self) -> bool:
        """True if no step was played before an earlier one of the list."""
        numbers = [each.shown_by.number for each in self.steps if each.shown_by]
        return all(before < after for before, after in pairwise(numbers))


def played_key_sequences(stacks: Sequence[SynthesizedStack], entries: Sequence[Entry]) -> tuple[PlayedKeySequence, ...]:
    """Return the sequence of each application that the stacks put under a customer managed key."""
    return tuple(
        _played(stack, update_id, read, entries) for stack in stacks for update_id, read in key_sequences_of(stack)
    )


def _played(
    stack: SynthesizedStack, update_id: str, read: Callable[[], KeySequence], entries: Sequence[Entry]
) -> PlayedKeySequence:
    try:
        sequence = read()
    except (*SHAPE_ERRORS, PenstockError) as error:
        return PlayedKeySequence(application=update_id, stack=stack.name, unread=repr(error))
    own = [each for each in entries if each.place.stack == stack.name]
    return PlayedKeySequence(
        application=sequence.application_arn.rpartition("/")[2],
        stack=stack.name,
        steps=tuple(_steps(sequence, own)),
    )


def _steps(sequence: KeySequence, entries: Sequence[Entry]) -> Iterator[KeyStep]:
    ids = sequence.ids
    created = {
        each.place.logical_id: each
        for each in reversed(entries)
        if isinstance(each, ResourceEvent) and each.operation == "CREATE" and each.progress is Progress.COMPLETE
    }
    if "operator" in ids:
        both = [created.get(sequence.operator.logical_id), created.get(ids["operator"])]
        done = [each for each in both if each]
        yield KeyStep(
            text="operator role with its base policy",
            shown_by=max(done, key=lambda each: each.number) if len(done) == len(both) else None,
        )
    for step, text in (
        ("application", "application on the AWS-owned key, created and not started"),
        ("key", "customer managed key"),
        ("permission", "policy for this key attached to the operator role"),
    ):
        if step in ids:
            yield KeyStep(text=text, shown_by=created.get(ids[step]))
    base = _base_policy(sequence)
    calls = [each for each in entries if isinstance(each, DecidedCall) and each.decision.allowed]
    as_operator = [each for each in calls if any(policy.name == base for policy in each.identity_policies)]
    updated = _first(as_operator, "UpdateApplication", ids["update"], after=0)
    yield KeyStep(text="UpdateApplication to the customer managed key, as the operator", shown_by=updated)
    read = _first(as_operator, "DescribeApplication", ids["update"], after=updated.number) if updated else None
    yield KeyStep(text="the application's key read back from MSF", shown_by=read)
    if "start" in ids:
        started = _first(as_operator, "StartApplication", ids["start"], after=0)
        yield KeyStep(text="StartApplication, as the operator", shown_by=started)


def _base_policy(sequence: KeySequence) -> str:
    """Return the name of the operator's base policy in decisions."""
    resource = sequence.stack.template.resource(sequence.ids.get("operator", ""))
    return policy_name(resource.name, PolicyKind.POLICY) if resource else ""


def _first(calls: Sequence[DecidedCall], operation: str, logical_id: str, *, after: int) -> DecidedCall | None:
    action = f"kinesisanalytics:{operation}"
    return next(
        (
            each
            for each in calls
            if each.number > after and each.request.action == action and each.place.logical_id == logical_id
        ),
        None,
    )
