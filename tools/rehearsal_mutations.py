"""Writes the page that lists, for prod, the effect of each removal of a statement or a dependency of its templates.

Run this after a change of the templates or of the rehearsal:

    npx cdk synth 'Prod/*' && .venv/bin/python tools/rehearsal_mutations.py
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.acts.program import PROGRAM
from cdk_penstock.rehearsal.mutations.dependency_removals import DependencyRemoval, Removal, dependency_removals
from cdk_penstock.rehearsal.rehearsal import new_stage, rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from cdk_penstock.rehearsal.result.coverage import CoverageRow, Verdict
from cdk_penstock.rehearsal.timeline import MadeBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.rehearsal.timeline import DecidedCall

_ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = _ROOT / "docs" / "rehearsal-mutations.md"
_ENVIRONMENT: Final = "prod"
_PREFIX: Final = "Prod/"
_LONGEST_TEXT: Final = 200
_INTRODUCTION: Final = """\
# Each statement and each dependency of prod, removed

This page takes each statement of a policy and each `DependsOn` of the templates of `prod` away, one at a time. It tells
what notices it in [a rehearsal](rehearse.md), or why nothing needs it there. `tools/rehearsal_mutations.py` writes it,
and a test compares.

- A statement is judged by every call of all acts. It is needed if a call has another outcome without it. The play then
  fails there, or earlier: KMS refuses a key that nobody could manage, and functions read policies before they change an
  application.
- A dependency is judged by plays in which a resource finds only what the template makes it wait for: the resource
  itself, and each custom resource that waits for less than before.

Names are those of constructs, without `Prod/`. `#2` is the second statement of a policy."""


def removals_of(options: RehearsalOptions, result: RehearsalResult) -> list[DependencyRemoval]:
    """Play the removal of each dependency, and return the effects."""
    return list(dependency_removals(partial(new_stage, options.stacks(), options), result.coverage))


def page_of(result: RehearsalResult, removals: Sequence[DependencyRemoval]) -> str:
    """Return the page of a whole play and of the removals of dependencies."""
    calls = {each.number: each for each in result.timeline.calls}
    needed = result.coverage.of(Verdict.NEEDED)
    callers = {row: {calls[number].made_by for number in row.needed_by if _is_counted(calls[number])} for row in needed}
    people = [row for row in needed if callers[row] <= {MadeBy.PERSON}]
    shown = [row for row in needed if callers[row] <= {MadeBy.PERSON, MadeBy.FUNCTION} and row not in people]
    refused = [row for row in needed if row not in people and row not in shown]
    redundant, unused = result.coverage.of(Verdict.REDUNDANT), result.coverage.of(Verdict.NOT_EXERCISED)
    by_effect = {effect: [each for each in removals if each.removal is effect] for effect in Removal}
    lines = [
        _INTRODUCTION,
        "",
        "| effect | statements | dependencies |",
        "|---|---|---|",
        f"| noticed: the rehearsal fails | {len(refused)} | {len(by_effect[Removal.NOTICED])} |",
        f"| noticed: a function is refused a call, and the result shows it | {len(shown)} | |",
        f"| it makes a person of the play, who is not there without it | {len(people)} | |",
        f"| the rest of the templates does the same | {len(redundant)} | {len(by_effect[Removal.IMPLIED])} |",
        f"| nothing in the rehearsal needs it | {len(unused)} | {len(by_effect[Removal.NOT_NEEDED])} |",
        f"| without a known reason | {len(result.coverage.findings)} | {len(by_effect[Removal.UNEXPLAINED])} |",
        *_section("Statements: the rehearsal fails", ("statement", "first call"), _by_first_call(refused, calls)),
        *_section(
            "Statements: a function is refused a call", ("statement", "first call"), _by_first_call(shown, calls)
        ),
        *_section("Statements: a person of the play", ("statement", "first call"), _by_first_call(people, calls)),
        *_section(
            "Statements: another one decides the same",
            ("statement", "in its place"),
            ((_statement(row), _names(row.because)) for row in redundant),
        ),
        *_by_reason("Statements: not exercised", ((_statement(row), row.because) for row in unused)),
        *_section(
            "Dependencies: the play fails",
            ("dependency", "first problem"),
            ((_arrow(each), _short(each.text)) for each in by_effect[Removal.NOTICED]),
        ),
        *_by_reason(
            "Dependencies: nothing needs them",
            ((_arrow(each), each.text) for each in (*by_effect[Removal.NOT_NEEDED], *by_effect[Removal.UNEXPLAINED])),
        ),
        *_section(
            "Dependencies: another chain of the template orders the two",
            ("dependency", "through"),
            ((_arrow(each), _names(each.text)) for each in by_effect[Removal.IMPLIED]),
        ),
    ]
    return "\n".join(lines) + "\n"


def _is_counted(call: DecidedCall) -> bool:
    return not call.is_optional and not call.is_probe


def _section(title: str, columns: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "", f"| {columns[0]} | {columns[1]} |", "|---|---|")
    yield from (f"| {first} | {second} |" for first, second in rows)


def _by_reason(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from ("", f"## {title}")
    grouped: dict[str, list[str]] = {}
    for what, reason in rows:
        grouped.setdefault(_names(reason), []).append(what)
    for reason, named in grouped.items():
        yield from ("", f"{reason[:1].upper()}{reason[1:] or 'No reason is known'}:", "")
        yield from (f"- {each}" for each in named)


def _by_first_call(rows: Iterable[CoverageRow], calls: Mapping[int, DecidedCall]) -> Iterator[tuple[str, str]]:
    for row in rows:
        call = calls[row.needed_by[0]]
        yield _statement(row), f"`{call.request.action}` by {call.made_by}, act `{call.place.act}`"


def _statement(row: CoverageRow) -> str:
    return f"{_names(row.policy)}: {row.statement}"


def _arrow(removal: DependencyRemoval) -> str:
    return f"{_names(removal.later)} after {_names(removal.earlier)}"


def _names(text: str) -> str:
    return text.replace(_PREFIX, "")


def _short(text: str) -> str:
    text = _names(" ".join(text.split()))
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rsplit(' ', 1)[0]} ..."


def main() -> None:
    """Write the page."""
    options = RehearsalOptions(
        assembly=_ROOT / "cdk.out", environment=_ENVIRONMENT, acts=tuple(each.name for each in PROGRAM)
    )
    result = rehearse(options)
    PAGE.write_text(page_of(result, removals_of(options, result)), encoding="utf-8")


if __name__ == "__main__":
    main()
