"""Elements of the page; a parameter named ``html`` holds HTML, every other one is text and is escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def element(tag: str, html: str, kind: str = "") -> str:
    """Return an element of a class."""
    shown = f' class="{escape(kind)}"' if kind else ""
    return f"<{tag}{shown}>{html}</{tag}>"


def badge(text: str, kind: str) -> str:
    """Return a small label: ``good``, ``bad``, ``warn`` or ``idle``."""
    return element("span", escape(text), f"badge {kind}")


def section(title: str, html: str, *, identifier: str = "", filters: bool = False) -> str:
    """Return a section; with ``filters``, the page's script makes its rows searchable."""
    shown = f' id="{escape(identifier)}"' if identifier else ""
    search = (
        f'<label hidden>Filter <input type="search" data-filters="{escape(identifier)}" autocomplete="off"'
        ' spellcheck="false"> <span class="found muted small" role="status"></span></label>'
        if filters
        else ""
    )
    return f'<section{shown}>\n<div class="above"><h2>{escape(title)}</h2>{search}</div>\n{html}\n</section>'


def folded(summary_html: str, html: str, kind: str = "", *, is_open: bool = False) -> str:
    """Return a part that a click opens."""
    shown = f' class="{escape(kind)}"' if kind else ""
    return f"<details{shown}{' open' if is_open else ''}><summary>{summary_html}</summary>{html}</details>"


def plain_list(items_html: Iterable[str]) -> str:
    """Return a list."""
    return element("ul", "\n".join(element("li", each) for each in items_html), "plain")


def table(headings: Sequence[str], rows_html: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table, whose first column names its rows; on a phone, each cell has its heading."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    rows = []
    for first, *rest in rows_html:
        cells = "".join(
            f'<td class="wide" data-label="{escape(heading)}">{cell}</td>' if cell else '<td class="blank"></td>'
            for heading, cell in zip(headings[1:], rest, strict=True)
        )
        rows.append(f'<tr class="searchable"><th scope="row">{first}</th>{cells}</tr>')
    return element("table", f"<thead><tr>{head}</tr></thead>\n<tbody>{chr(10).join(rows)}</tbody>", kind)
