"""The result of a rehearsal as one page, complete in itself: it loads nothing, and every text in it is escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.result.page.coverage_section import coverage_section
from cdk_penstock.rehearsal.result.page.elements import badge, element, section
from cdk_penstock.rehearsal.result.page.play_sections import acts_section, key_sections, timeline_section
from cdk_penstock.rehearsal.result.page.unproven_section import unproven_section

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult

__all__ = ("render_rehearsal",)

_SHARED_STYLE: Final = ("cdk_penstock.local.service.status_page", "page.css")


def render_rehearsal(result: RehearsalResult) -> str:
    """Return the page of a result."""
    stages = ", ".join(dict.fromkeys(each.stage or each.name for each in result.stacks))
    title = f"Rehearsal of {stages}" if stages else "Rehearsal"
    verdict = badge("passed", "good") if result.passed else badge("failed", "bad")
    missing = len(result.not_proven.in_name_only)
    but = f", {missing} resources in name only" if missing else ""
    lead = f"{len(result.timeline.calls)} calls decided by {len(result.coverage.rows)} statements{but}"
    header = element("header", f"<div>{element('h1', escape(title))}<p class='lead'>{escape(lead)}</p></div>{verdict}")
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    body = "\n".join(
        [
            header,
            "<main>",
            unproven_section(result.not_proven),
            acts_section(result.acts),
            *key_sections(result.key_sequences),
            timeline_section(result.timeline.entries),
            coverage_section(result.coverage),
            section("About", f"<p>{escape(versions)}</p><p>assembly <code>{escape(result.assembly_hash)}</code></p>"),
            "</main>",
        ]
    )
    return _page(title, body)


def _page(title: str, body: str) -> str:
    style = "\n".join([_text(*_SHARED_STYLE), _text(__package__, "rehearsal.css")])
    script = f"\n{_text(__package__, 'rehearsal.mjs')}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<style>\n{style}</style>\n</head>\n'
        f'<body>\n{body}\n<script type="module">{script}</script>\n</body>\n</html>\n'
    )


@cache
def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
