"""The sections of the page about the play: acts, key sequences, and the timeline."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.result.page.elements import badge, element, folded, plain_list, section, table
from cdk_penstock.rehearsal.result.play_steps import acts_of, clock, entry_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.rehearsal.acts.act import ActResult
    from cdk_penstock.rehearsal.result.key_steps import PlayedKeySequence
    from cdk_penstock.rehearsal.result.play_steps import ActSteps, PlayStep
    from cdk_penstock.rehearsal.timeline import DecidedCall, Entry

_OUTCOMES: Final = {ActOutcome.PASSED: "good", ActOutcome.FAILED: "bad", ActOutcome.NOT_PLAYED: "warn"}


def acts_section(acts: Iterable[ActResult]) -> str:
    """Return the results of the acts."""
    rows = [
        (
            f"{element('span', escape(act.title), 'name')} {element('code', escape(act.name))}",
            badge(act.outcome, _OUTCOMES[act.outcome]),
            escape(act.text),
        )
        for act in acts
    ]
    return section("Acts", table(("act", "", "result"), rows))


def key_sections(sequences: Iterable[PlayedKeySequence]) -> list[str]:
    """Return a section for the customer-managed-key sequence of each application."""
    return [_key_section(each) for each in sequences]


def _key_section(sequence: PlayedKeySequence) -> str:
    items = []
    for step in sequence.steps:
        shown = step.shown_by
        proof = (
            f"{_time(shown)}{element('span', escape(entry_text(shown)), 'muted small')}"
            if shown
            else badge("not played", "warn")
        )
        items.append(element("li", f"{escape(step.text)}<br>{proof}"))
    problem = ""
    if sequence.unread:
        problem = f"the template's sequence cannot be read: {sequence.unread}"
    elif not sequence.is_in_order:
        problem = "these steps were played in another order"
    notice = element("p", escape(problem), "notice problem") if problem else ""
    return section(
        f"Customer managed key of {sequence.application}", notice + element("ol", "\n".join(items), "sequence")
    )


def timeline_section(entries: Sequence[Entry]) -> str:
    """Return the timeline, act by act; each call has its decision."""
    acts = "\n".join(_act(each) for each in acts_of(entries))
    return section("Timeline", acts or "<p>Nothing was played.</p>", identifier="timeline", filters=True)


def _act(act: ActSteps) -> str:
    calls = sum(len(step.calls) for step in act.steps)
    summary = f"{escape(act.act or 'before the first act')} <span class='muted small'>{calls} calls</span>"
    steps = "\n".join(_step(each) for each in act.steps)
    return folded(summary, element("div", steps, "steps"), "act")


def _step(step: PlayStep) -> str:
    kind = "bad" if step.has_failed else "idle"
    status = badge(step.status, kind) if step.status else ""
    seconds = f"{step.seconds:.0f} s" if step.event else ""
    facts = ", ".join(filter(None, [seconds, step.folded_calls()]))
    head = (
        f"{_time_of(clock(step.begin))}{element('span', escape(step.title), 'name')} {status}"
        f" {element('span', escape(facts), 'calls')}"
    )
    inner = "".join(
        [
            element("p", escape(step.reason), f"reason{' problem' if step.has_failed else ''}") if step.reason else "",
            plain_list(escape(note.text) for note in step.notes) if step.notes else "",
            element("ol", "\n".join(_call(each) for each in step.calls), "calls") if step.calls else "",
        ]
    )
    if not inner:
        return element("div", head, "step searchable")
    return folded(head, inner, "step searchable", is_open=bool(step.refused) and not _all_probes(step))


def _all_probes(step: PlayStep) -> bool:
    return all(call.is_probe for call in step.refused)


def _call(call: DecidedCall) -> str:
    allowed = call.decision.allowed
    wrong = allowed == call.is_probe
    answer = badge("allowed" if allowed else "refused", "bad" if wrong else "good")
    probe = badge("attack", "idle") if call.is_probe else ""
    who = f"{call.made_by}: {call.request.caller}"
    return element(
        "li",
        f"{_time_of(f'#{call.number}')}{element('code', escape(call.request.action))} {answer} {probe}"
        f"<div class='small'>{escape(who)} on {escape(call.request.resource)}</div>"
        f"<div class='small muted'>{escape(call.decision.reason)}</div>",
    )


def _time(entry: Entry) -> str:
    return _time_of(clock(entry.at))


def _time_of(text: str) -> str:
    return element("span", escape(text), "time")
