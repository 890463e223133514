"""The section of the page with each statement of the templates, and the calls that used it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.result.coverage import Verdict
from cdk_penstock.rehearsal.result.page.elements import badge, element, folded, section, table

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.coverage import Coverage, CoverageRow

_KINDS: Final = {Verdict.NEEDED: "good", Verdict.REDUNDANT: "warn", Verdict.NOT_EXERCISED: "idle"}
_CALLS_SHOWN: Final = 8
NO_REASON: Final = "nothing in this play called it"


def coverage_section(coverage: Coverage) -> str:
    """Return the section; the statements without a call and without a reason come first."""
    groups = [
        ("not exercised, without a known reason", coverage.findings),
        (str(Verdict.REDUNDANT), coverage.of(Verdict.REDUNDANT)),
        (
            str(Verdict.NOT_EXERCISED),
            tuple(each for each in coverage.of(Verdict.NOT_EXERCISED) if not each.is_finding),
        ),
        (str(Verdict.NEEDED), coverage.of(Verdict.NEEDED)),
    ]
    parts = [
        folded(
            f"{len(rows)} {escape(title)}",
            table(("statement", "verdict", "because"), map(_row, rows), "coverage"),
            "act",
        )
        for title, rows in groups
        if rows
    ]
    return section("Statements of the policies", "\n".join(parts), identifier="coverage", filters=True)


def _row(row: CoverageRow) -> tuple[str, str, str]:
    name = (
        f"{element('span', escape(row.policy), 'name')}<br>{escape(row.statement)}"
        f" <span class='muted small'>{escape(row.effect)} {escape(', '.join(row.actions))}</span>"
    )
    verdict = badge(row.verdict, "bad" if row.is_finding else _KINDS[row.verdict])
    return name, verdict, escape(_because(row))


def _because(row: CoverageRow) -> str:
    shown = ", ".join(f"#{number}" for number in row.calls[:_CALLS_SHOWN])
    more = len(row.calls) - _CALLS_SHOWN
    calls = f"{shown} and {more} more" if more > 0 else shown
    match row.verdict:
        case Verdict.NEEDED:
            return f"calls {calls}"
        case Verdict.REDUNDANT:
            return f"calls {calls} are decided the same without it, by {row.because}"
        case Verdict.NOT_EXERCISED:
            return row.because or NO_REASON
