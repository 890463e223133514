"""The timeline of an act by steps: one for each change of a resource, with the calls that were made for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.timeline import DecidedCall, Note, Place, Progress, ResourceEvent
from cdk_penstock.rehearsal.world.play_clocks import BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cdk_penstock.rehearsal.timeline import Entry


@dataclass(kw_only=True)
class PlayStep:
    """A change of a resource or a stack; or calls and notes outside of one.

    Parameters
    ----------
    place
        Act, stack and logical id.
    begin, end
        The times of its first and of its last entry.
    started
        The event that begins it, None outside of a change.
    finished
        The event that ends it, None while it goes on.
    calls, notes
        Those within.
    """

    place: Place
    begin: datetime
    end: datetime
    started: ResourceEvent | None = None
    finished: ResourceEvent | None = None
    calls: list[DecidedCall] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def event(self) -> ResourceEvent | None:
        """The newest event of the change."""
        return self.finished or self.started

    @property
    def title(self) -> str:
        """The resource, or the place outside of a change."""
        place = " ".join(part for part in (self.place.stack, self.place.logical_id) if part)
        return self.event.name if self.event else place or self.place.act or "before the first act"

    @property
    def status(self) -> str:
        """The status in CloudFormation's words, such as ``CREATE_COMPLETE``."""
        return f"{self.event.operation}_{self.event.progress}" if self.event else ""

    @property
    def reason(self) -> str:
        """The reason of a failure, or of what was left out."""
        return self.event.reason if self.event else ""

    @property
    def seconds(self) -> float:
        """Its duration on the clock of the play."""
        return (self.end - self.begin).total_seconds()

    @property
    def has_failed(self) -> bool:
        """True if the change failed."""
        return self.event is not None and self.event.progress is Progress.FAILED

    @property
    def refused(self) -> list[DecidedCall]:
        """The refused calls."""
        return [each for each in self.calls if not each.decision.allowed]

    def folded_calls(self) -> str:
        """Return the number of its calls by outcome: ``12 calls allowed, 1 call refused``."""
        counts = Counter((each.is_probe, each.decision.allowed) for each in self.calls)
        return ", ".join(_counted(count, *kind) for kind, count in sorted(counts.items(), reverse=True))


@dataclass(kw_only=True)
class ActSteps:
    """An act, and its steps in the order in which they began."""

    act: str
    steps: list[PlayStep] = field(default_factory=list)


def acts_of(entries: Iterable[Entry]) -> list[ActSteps]:
    """Return the acts of a timeline, in their order."""
    acts: dict[str, ActSteps] = {}
    going_on: dict[Place, PlayStep] = {}
    for entry in entries:
        steps = acts.setdefault(entry.place.act, ActSteps(act=entry.place.act)).steps
        step = going_on.get(entry.place)
        if isinstance(entry, ResourceEvent) and (entry.progress is Progress.IN_PROGRESS or step is None):
            step = PlayStep(place=entry.place, begin=entry.at, end=entry.at, started=entry)
            going_on[entry.place] = step
            steps.append(step)
        elif step is None:
            # Outside of a change: what follows at the same place belongs together.
            if not steps or steps[-1].place != entry.place or steps[-1].event:
                steps.append(PlayStep(place=entry.place, begin=entry.at, end=entry.at))
            step = steps[-1]
        _add(entry, step)
        if isinstance(entry, ResourceEvent) and entry.progress is not Progress.IN_PROGRESS:
            del going_on[entry.place]
    return list(acts.values())


def entry_text(entry: Entry) -> str:
    """Return an entry in a few words."""
    match entry:
        case DecidedCall():
            return f"#{entry.number} {entry.request.action} by {entry.request.caller}"
        case ResourceEvent():
            return f"#{entry.number} {entry.name} {entry.operation}_{entry.progress}"
        case Note():
            return f"#{entry.number} {entry.text}"


def clock(at: datetime) -> str:
    """Return the time since the beginning of the rehearsal: ``0:05:12``."""
    return str(at - BEGIN).partition(".")[0]


def _add(entry: Entry, step: PlayStep) -> None:
    step.end = entry.at
    if isinstance(entry, DecidedCall):
        step.calls.append(entry)
    elif isinstance(entry, Note):
        step.notes.append(entry)
    elif entry.progress is not Progress.IN_PROGRESS:
        step.finished = entry


def _counted(count: int, is_probe: bool, is_allowed: bool) -> str:  # noqa: FBT001 - the key of a count
    noun = "attack" if is_probe else "call"
    allowed = "let in" if is_probe else "allowed"
    return f"{count} {noun}{'s' if count > 1 else ''} {allowed if is_allowed else 'refused'}"
