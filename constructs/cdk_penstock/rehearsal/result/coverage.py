"""Coverage of the templates' statements by the calls of a play."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.result.play_facts import PlayFacts
from cdk_penstock.rehearsal.result.policy_holders import PolicyHolders
from cdk_penstock.rehearsal.result.statement_uses import StatementUse, uses_of
from cdk_penstock.rehearsal.result.template_statements import statements_of
from cdk_penstock.rehearsal.result.unused_reasons import Unused, reason_of
from cdk_penstock.review.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.rehearsal.result.template_statements import TemplateStatement
    from cdk_penstock.rehearsal.timeline import DecidedCall
    from cdk_penstock.review.assembly import SynthesizedStack


class Verdict(StrEnum):
    """The need of a statement, as the play shows it."""

    NEEDED = "needed"
    """A call has another outcome without it."""
    REDUNDANT = "redundant"
    """Calls used it, and each has the same outcome without it."""
    NOT_EXERCISED = "not exercised"
    """No call used it."""


@dataclass(frozen=True, kw_only=True)
class CoverageRow:
    """A statement of a template.

    Parameters
    ----------
    stack, resource, logical_id, type
        The resource that has it.
    policy, statement
        The names in decisions: of its policy, and its Sid or position.
    effect, actions
        As in the template.
    verdict
        The need of it.
    calls
        The numbers of the calls that used it.
    needed_by
        The numbers of those with another outcome without it.
    because
        For a redundant statement, the statements that decide without it; for one that was not exercised, the reason.
        Empty if no reason is known, which is a finding.
    """

    stack: str
    resource: str
    logical_id: str
    type: str
    policy: str
    statement: str
    effect: str
    actions: tuple[str, ...]
    verdict: Verdict
    calls: tuple[int, ...]
    needed_by: tuple[int, ...] = ()
    because: str = ""

    @property
    def is_finding(self) -> bool:
        """True if nothing in the play called it and no reason is known."""
        return self.verdict is Verdict.NOT_EXERCISED and not self.because


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """All statements of the templates.

    Parameters
    ----------
    rows
        One row for each.
    """

    rows: tuple[CoverageRow, ...]

    def of(self, verdict: Verdict) -> tuple[CoverageRow, ...]:
        """Return the rows of a verdict."""
        return tuple(row for row in self.rows if row.verdict is verdict)

    @property
    def findings(self) -> tuple[CoverageRow, ...]:
        """The rows of statements that nothing called, without a known reason."""
        return tuple(row for row in self.rows if row.is_finding)


def coverage_of(
    stacks: Sequence[SynthesizedStack],
    calls: Sequence[DecidedCall],
    *,
    in_name_only: Iterable[str] = (),
    acts: Iterable[str] = (),
    unanswered: Iterable[str] = (),
) -> Coverage:
    """Return the coverage of the stacks' statements.

    Parameters
    ----------
    stacks
        The stacks as they were synthesized: also policies that the play never created have their rows.
    calls
        The calls of the play.
    in_name_only
        The names of the resources that are modelled in name only.
    acts
        The names of the acts.
    unanswered
        The actions that no service of the play answers.
    """
    facts = PlayFacts(calls, frozenset(in_name_only), tuple(acts), frozenset(unanswered))
    holders = PolicyHolders(Templates(tuple(stack.template for stack in stacks)))
    uses = uses_of(calls)
    return Coverage(
        rows=tuple(_row(each, uses.get(each.name), Unused(each, holders, facts)) for each in statements_of(stacks))
    )


def _row(statement: TemplateStatement, use: StatementUse | None, unused: Unused) -> CoverageRow:
    if use is None:
        verdict, because = Verdict.NOT_EXERCISED, reason_of(unused)
    elif use.needed_by:
        verdict, because = Verdict.NEEDED, ""
    else:
        verdict, because = Verdict.REDUNDANT, " and ".join(use.instead)
    return CoverageRow(
        stack=statement.stack,
        resource=statement.resource.name,
        logical_id=statement.resource.logical_id,
        type=statement.resource.type,
        policy=statement.policy,
        statement=statement.sid,
        effect=str(statement.body.get("Effect")),
        actions=statement.actions,
        verdict=verdict,
        calls=tuple(use.calls) if use else (),
        needed_by=tuple(use.needed_by) if use else (),
        because=because,
    )
