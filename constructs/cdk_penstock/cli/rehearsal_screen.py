"""The result of a rehearsal on the screen: first what it does not prove, last its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.result.coverage import Verdict
from cdk_penstock.rehearsal.result.not_proven import by_reason
from cdk_penstock.rehearsal.result.play_steps import acts_of, clock, entry_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from cdk_penstock.rehearsal.result.coverage import CoverageRow
    from cdk_penstock.rehearsal.result.key_steps import PlayedKeySequence
    from cdk_penstock.rehearsal.result.not_proven import NotProven
    from cdk_penstock.rehearsal.result.play_steps import ActSteps, PlayStep
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.rehearsal.timeline import DecidedCall

_OUTCOMES: Final = {ActOutcome.PASSED: "green", ActOutcome.FAILED: "red", ActOutcome.NOT_PLAYED: "yellow"}
_NAMES_SHOWN: Final = 3


@dataclass(frozen=True)
class RehearsalScreen:
    """Shows a result.

    Parameters
    ----------
    console
        The console.
    calls
        Show each call.
    coverage
        Show each statement, not only those that were not exercised or are redundant.
    """

    console: Console
    calls: bool = False
    coverage: bool = False

    def show(self, result: RehearsalResult) -> None:
        """Show everything."""
        self._show_not_proven(result.not_proven)
        for act in acts_of(result.timeline.entries):
            self._show_act(act)
        for sequence in result.key_sequences:
            self._show_key_sequence(sequence)
        self._show_coverage(result)
        self._show_acts(result)
        self.console.print()
        self._print(verdict_of(result))

    def _show_not_proven(self, not_proven: NotProven) -> None:
        self._title("not proven")
        for (reason, kind), resources in by_reason(not_proven.in_name_only).items():
            shown = ", ".join(_first([each.name for each in resources], _NAMES_SHOWN))
            self._item(f"{len(resources)} x {kind}, in name only ({reason}): {shown}")
        for sentence in (*not_proven.not_run, *not_proven.unanswered):
            self._item(sentence)
        if not_proven.is_empty:
            self._item("every resource is modelled")
        self._title("assumed")
        for sentence in not_proven.assumptions:
            self._item(sentence)
        for switch in not_proven.switches:
            changed = switch.answer != switch.default
            self._item(
                Text.assemble(
                    (f"{switch.name}={switch.answer}", "bold yellow" if changed else "bold"),
                    f" (default {switch.default})" if changed else "",
                    f": {switch.source}",
                )
            )

    def _show_act(self, act: ActSteps) -> None:
        self._title(act.act or "before the first act")
        for folds, steps in groupby(act.steps, key=self._folds):
            same = list(steps)
            if folds and len(same) > 1:
                self._print(Text(f"{clock(same[0].begin)} {len(same)} resources in name only", style="dim"))
            else:
                for step in same:
                    self._show_step(step)

    @staticmethod
    def _folds(step: PlayStep) -> bool:
        """Return True for a resource in name only without a call: the list of what is not proven has it."""
        return bool(step.reason) and not (step.has_failed or step.calls or step.notes)

    def _show_step(self, step: PlayStep) -> None:
        facts = [step.status, f"{step.seconds:.0f} s" if step.event else "", step.folded_calls()]
        style = "red" if step.has_failed else ""
        shown = ", ".join(filter(None, facts))
        self._print(Text.assemble((f"{clock(step.begin)} ", "dim"), (step.title, "bold"), "  ", (shown, style)))
        for note in step.notes:
            self._item(note.text, indent=9)
        if step.reason:
            self._item(Text(step.reason, style=style or "yellow"), indent=9)
        for call in step.calls:
            if self.calls or (not call.decision.allowed and not call.is_probe):
                self._show_call(call)

    def _show_call(self, call: DecidedCall) -> None:
        allowed = call.decision.allowed
        wrong = allowed == call.is_probe
        answer = "allowed" if allowed else "refused"
        self._item(
            Text.assemble(
                f"#{call.number} {call.made_by}: {call.request.caller} {call.request.action}",
                f" on {call.request.resource} ",
                (answer, "red" if wrong else "green"),
                f", {'an attack, ' if call.is_probe else ''}{call.decision.reason}",
            ),
            indent=9,
        )

    def _show_key_sequence(self, sequence: PlayedKeySequence) -> None:
        self._title(f"customer managed key of {sequence.application}")
        if sequence.unread:
            self._item(Text(f"the template's sequence cannot be read: {sequence.unread}", style="red"))
        for number, step in enumerate(sequence.steps, start=1):
            shown = step.shown_by
            proof = (f"  {clock(shown.at)} {entry_text(shown)}", "dim") if shown else ("  not played", "yellow")
            self._print(Text.assemble((f"{number}. ", "bold"), step.text, proof))
        if not sequence.is_in_order:
            self._item(Text("these steps were played in another order", style="red"))

    def _show_coverage(self, result: RehearsalResult) -> None:
        coverage = result.coverage
        self._title("statements of the templates' policies")
        counts = ", ".join(f"{len(coverage.of(verdict))} {verdict}" for verdict in Verdict)
        self._print(f"{len(coverage.rows)} statements: {counts}")
        if self.coverage:
            self._table("needed", ("statement", "calls"), _grouped_needed(coverage.of(Verdict.NEEDED)))
        self._table(
            "redundant: calls used it, and another statement decides the same",
            ("statement", "without it"),
            [(_name(row), row.because) for row in coverage.of(Verdict.REDUNDANT)],
        )
        unused = coverage.of(Verdict.NOT_EXERCISED)
        known = [row for row in unused if row.because]
        shown = None if self.coverage else _NAMES_SHOWN
        self._table("not exercised", ("because", "statements"), _grouped_unused(known, shown))
        for row in coverage.findings:
            self._item(Text(f"nothing in this play called it: {_name(row)} ({', '.join(row.actions)})", style="yellow"))

    def _show_acts(self, result: RehearsalResult) -> None:
        self._title("acts")
        table = Table("act", "", "result", show_edge=False, title_justify="left")
        for act in result.acts:
            table.add_row(act.name, Text(act.outcome, style=_OUTCOMES[act.outcome]), act.text)
        self.console.print(table)

    def _table(self, title: str, headings: Sequence[str], rows: Sequence[tuple[str, str]]) -> None:
        if not rows:
            return
        table = Table(title=f"{title}", title_justify="left", show_lines=True)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    def _title(self, text: str) -> None:
        self.console.print()
        self._print(Text(text, style="bold underline"))

    def _item(self, text: str | Text, *, indent: int = 0) -> None:
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(" " * indent + "- ", text)
        self.console.print(grid)

    def _print(self, text: str | Text) -> None:
        self.console.print(text)


def verdict_of(result: RehearsalResult) -> Text:
    """Return the result in a sentence."""
    if result.passed:
        missing = len(result.not_proven.in_name_only)
        but = f"; in name only, and not proven: {_count(missing, 'resource')}" if missing else ""
        calls = _count(len(result.timeline.calls), "call")
        return Text(f"passed: {calls}, each decided as it has to be{but}", style="green")
    failed = sum(act.outcome is ActOutcome.FAILED for act in result.acts)
    problems = (
        (failed, f"{_count(failed, 'act')} failed"),
        (len(result.refused), f"{_count(len(result.refused), 'call')} refused"),
        (len(result.let_in), f"{_count(len(result.let_in), 'attack')} let in"),
        (len(result.out_of_order), f"{_count(len(result.out_of_order), 'key sequence')} in another order"),
    )
    return Text(f"failed: {', '.join(text for count, text in problems if count)}", style="red")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _name(row: CoverageRow) -> str:
    return f"{row.policy}: {row.statement}"


def _grouped_needed(rows: Iterable[CoverageRow]) -> list[tuple[str, str]]:
    return [(_name(row), f"{len(row.calls)}, first #{row.calls[0]}") for row in rows]


def _grouped_unused(rows: Iterable[CoverageRow], shown: int | None) -> list[tuple[str, str]]:
    grouped: dict[str, list[str]] = {}
    for row in rows:
        grouped.setdefault(row.because, []).append(_name(row))
    return [(because, "\n".join(_first(names, shown))) for because, names in grouped.items()]


def _first(names: Sequence[str], shown: int | None) -> list[str]:
    more = len(names) - (len(names) if shown is None else shown)
    return [*names[:shown], *([f"and {more} more"] if more > 0 else [])]
