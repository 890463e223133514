"""The result of a rehearsal, from which all outputs are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.result.coverage import Coverage, coverage_of
from cdk_penstock.rehearsal.result.key_steps import PlayedKeySequence, played_key_sequences
from cdk_penstock.rehearsal.result.not_proven import InNameOnly, NotProven, in_name_only_of, switches_of
from cdk_penstock.rehearsal.timeline import MadeBy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.rehearsal.acts.act import ActResult
    from cdk_penstock.rehearsal.timeline import DecidedCall, Timeline
    from cdk_penstock.rehearsal.world.world import WorldOptions
    from cdk_penstock.review.assembly import SynthesizedStack

EXIT_PASSED: Final = 0
EXIT_FAILED: Final = 1
EXIT_NOT_PROVEN: Final = 3


@dataclass(frozen=True, kw_only=True)
class RehearsalResult:
    """The result of a rehearsal.

    Parameters
    ----------
    stacks
        The stacks, in the order in which they were deployed.
    timeline
        Everything that happened.
    acts
        The acts that were played.
    coverage
        The statements of the templates.
    key_sequences
        The customer-managed-key sequences.
    not_proven
        What the play does not prove.
    versions
        Versions by name, such as those of penstock and of Python.
    assembly_hash
        The digest of the manifest and the templates.
    """

    stacks: tuple[SynthesizedStack, ...]
    timeline: Timeline = field(repr=False)
    acts: tuple[ActResult, ...]
    coverage: Coverage = field(repr=False)
    key_sequences: tuple[PlayedKeySequence, ...]
    not_proven: NotProven
    versions: Mapping[str, str]
    assembly_hash: str

    @property
    def refused(self) -> list[DecidedCall]:
        """The calls that were refused, and were not made to be refused."""
        return [each for each in self.timeline.denied if each.made_by is not MadeBy.FUNCTION]

    @property
    def done_without(self) -> list[DecidedCall]:
        """The refused calls of functions: a function that cannot do without one fails, and its act with it."""
        return [each for each in self.timeline.denied if each.made_by is MadeBy.FUNCTION]

    @property
    def let_in(self) -> list[DecidedCall]:
        """The calls of attackers that were allowed, in an act that has failed.

        An attempt may take several calls, of which one that is refused is enough.
        """
        failed = {each.name for each in self.acts if each.outcome is ActOutcome.FAILED}
        probes = (each for each in self.timeline.calls if each.is_probe and each.place.act in failed)
        return [each for each in probes if each.decision.allowed]

    @property
    def out_of_order(self) -> list[PlayedKeySequence]:
        """The key sequences whose steps were played in another order."""
        return [each for each in self.key_sequences if not each.is_in_order]

    @property
    def passed(self) -> bool:
        """True if no act failed, every call was decided as it has to be, and each key sequence was in order."""
        failed = any(each.outcome is ActOutcome.FAILED for each in self.acts)
        return not (failed or self.refused or self.let_in or self.out_of_order)

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0 if it passed, 1 if not; if ``strict``, 3 if it passed and does not prove everything."""
        if not self.passed:
            return EXIT_FAILED
        return EXIT_NOT_PROVEN if strict and not self.not_proven.is_empty else EXIT_PASSED


def result_of(
    stacks: Sequence[SynthesizedStack],
    timeline: Timeline,
    acts: Sequence[ActResult],
    *,
    options: WorldOptions,
    in_name_only: Sequence[InNameOnly] | None = None,
    not_run: Sequence[str] = (),
    unanswered: Sequence[str] = (),
    versions: Mapping[str, str],
    assembly_hash: str,
) -> RehearsalResult:
    """Return the result of a play.

    Parameters
    ----------
    stacks
        The stacks as they were synthesized, in the order of their deployment.
    timeline
        Everything that happened.
    acts
        The acts.
    options
        The answers that the play followed.
    in_name_only
        Resources without a behaviour. Default: those whose event of completion has a reason.
    not_run, unanswered
        Functions that could not be run, and calls that no service answers, as sentences.
    versions, assembly_hash
        See RehearsalResult.
    """
    in_name_only = in_name_only_of(timeline) if in_name_only is None else tuple(in_name_only)
    return RehearsalResult(
        stacks=tuple(stacks),
        timeline=timeline,
        acts=tuple(acts),
        coverage=coverage_of(
            stacks,
            timeline.calls,
            in_name_only=[each.name for each in in_name_only],
            acts=[each.name for each in acts if each.outcome is not ActOutcome.NOT_PLAYED],
            unanswered=[each.partition(" ")[0] for each in unanswered],
        ),
        key_sequences=played_key_sequences(stacks, timeline.entries),
        not_proven=NotProven(
            in_name_only=in_name_only,
            not_run=tuple(not_run),
            unanswered=tuple(unanswered),
            switches=switches_of(options),
        ),
        versions=versions,
        assembly_hash=assembly_hash,
    )
