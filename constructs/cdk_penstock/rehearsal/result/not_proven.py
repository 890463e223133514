"""The part of an assembly that a rehearsal does not prove."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.switches import SWITCH_SOURCES, Switches
from cdk_penstock.rehearsal.timeline import Progress, ResourceEvent
from cdk_penstock.rehearsal.world.world import WorldOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.rehearsal.timeline import Timeline

KEY_RULE: Final = "msf_needs_both_policies"
_KEY_RULE_SOURCE: Final = (
    "MSF's guide gives the caller a policy and the key another; by IAM's rule a key's policy that names the caller is"
    " enough"
)


ASSUMPTIONS: Final[Sequence[str]] = (
    "IAM and KMS are consistent at once; in AWS, a change is seen up to some seconds later",
    "policies that can only take away (service and resource control, boundaries, sessions) are not in a template",
    "one resource at a time is created; CloudFormation creates those without a dependency between them at once",
    "code of functions runs on the Python of this machine, not on Lambda's",
)


@dataclass(frozen=True, kw_only=True)
class InNameOnly:
    """A resource that has a name and attributes in the play, and no behaviour.

    Parameters
    ----------
    stack, logical_id, name, type
        The resource.
    reason
        The reason for which it proves nothing.
    """

    stack: str
    logical_id: str
    name: str
    type: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A rule of AWS that is not known, with the answer that the play followed.

    Parameters
    ----------
    name
        Its name on the command line.
    answer, default
        The answer of this play, and the likelier one.
    source
        The knowledge behind it.
    """

    name: str
    answer: str
    default: str
    source: str


@dataclass(frozen=True, kw_only=True)
class NotProven:
    """Everything that the play does not prove.

    Parameters
    ----------
    in_name_only
        Resources without a behaviour.
    not_run
        Functions and frameworks that could not be run, each as a sentence.
    unanswered
        Services and operations that are not modelled and were called, each as a sentence.
    switches
        What is not known of AWS, with the answer of this play.
    assumptions
        What the play takes for granted.
    """

    in_name_only: tuple[InNameOnly, ...] = ()
    not_run: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
    assumptions: tuple[str, ...] = tuple(ASSUMPTIONS)

    @property
    def is_empty(self) -> bool:
        """True if every resource is modelled, every function ran and every call was answered."""
        return not (self.in_name_only or self.not_run or self.unanswered)


def in_name_only_of(timeline: Timeline) -> tuple[InNameOnly, ...]:
    """Return the resources that a play completed with a reason, which is the one for which they prove nothing."""
    found: dict[tuple[str, str], InNameOnly] = {}
    for event in timeline.entries:
        if (
            isinstance(event, ResourceEvent)
            and event.reason
            and event.place.logical_id
            and event.operation != "DELETE"
            and event.progress is Progress.COMPLETE
        ):
            place = event.place.stack, event.place.logical_id
            found.setdefault(
                place,
                InNameOnly(stack=place[0], logical_id=place[1], name=event.name, type=event.type, reason=event.reason),
            )
    return tuple(found.values())


def by_reason(resources: Iterable[InNameOnly]) -> dict[tuple[str, str], list[InNameOnly]]:
    """Return the resources by reason and type."""
    grouped: dict[tuple[str, str], list[InNameOnly]] = {}
    for each in resources:
        grouped.setdefault((each.reason, each.type), []).append(each)
    return grouped


def switches_of(options: WorldOptions) -> tuple[Switch, ...]:
    """Return every switch with its present answer."""
    first = Switch(
        name=KEY_RULE,
        answer=_text(options.msf_needs_both_policies),
        default=_text(WorldOptions.msf_needs_both_policies),
        source=_KEY_RULE_SOURCE,
    )
    rest = (
        Switch(
            name=field.name,
            answer=_text(getattr(options.msf, field.name)),
            default=_text(field.default),
            source=SWITCH_SOURCES[field.name],
        )
        for field in dataclasses.fields(Switches)
    )
    return (first, *rest)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
