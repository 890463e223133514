"""The section of the page with everything that the play does not prove."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.result.not_proven import by_reason
from cdk_penstock.rehearsal.result.page.elements import badge, element, folded, plain_list, section

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.not_proven import InNameOnly, NotProven, Switch


def unproven_section(not_proven: NotProven) -> str:
    """Return the section."""
    groups = [
        _group(kind, reason, resources) for (reason, kind), resources in by_reason(not_proven.in_name_only).items()
    ]
    sentences = [escape(each) for each in (*not_proven.not_run, *not_proven.unanswered)]
    if not groups and not sentences:
        groups = ["<p>Every resource is modelled.</p>"]
    assumed = plain_list([*(escape(each) for each in not_proven.assumptions), *map(_switch, not_proven.switches)])
    changed = any(each.answer != each.default for each in not_proven.switches)
    listed = plain_list(sentences) if sentences else ""
    return section(
        "Not proven", "\n".join([*groups, listed, folded("Assumed of AWS", assumed, "act", is_open=changed)])
    )


def _group(kind: str, reason: str, resources: list[InNameOnly]) -> str:
    names = plain_list(escape(each.name) for each in resources)
    summary = f"{len(resources)} x {element('code', escape(kind))} in name only: {escape(reason)}"
    return folded(summary, names)


def _switch(switch: Switch) -> str:
    name = element("code", escape(f"{switch.name}={switch.answer}"))
    changed = badge(f"default {switch.default}", "warn") if switch.answer != switch.default else ""
    return f"{name} {changed} {escape(switch.source)}"
