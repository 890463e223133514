"""One HTML page with the figures and the pictures of a run, complete in itself."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PageTable = tuple[tuple[str, ...], "Sequence[tuple[str, ...]]"]

_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 2.5rem auto; max-width: 68rem; padding: 0 1.5rem; color: #24292f; background: #fff;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p.lead { color: #57606a; margin: 0 0 1.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid #d0d7de; text-align: left; }
th { font-weight: 600; border-bottom-width: 2px; } td.number, th.number { text-align: right; }
img { width: 100%; height: auto; border: 1px solid #d0d7de; border-radius: 6px; margin: 0 0 1.2rem; }
"""


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).isdigit()


def _table(table: PageTable) -> str:
    columns, rows = table
    numeric = [bool(rows) and all(_is_number(row[index]) for row in rows) for index in range(len(columns))]
    kinds = [' class="number"' if flag else "" for flag in numeric]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, columns, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def render_page(
    *, title: str, lead: str, tables: Sequence[tuple[str, PageTable]], pictures: Sequence[tuple[str, Path]]
) -> str:
    """Return the page, with one sentence under its title.

    A table is its columns' names and its rows, under a heading. A picture is a PNG file, which becomes part of the
    page, behind its alternative text.
    """
    shown = "\n".join(
        f'<img alt="{escape(text, quote=True)}" src="data:image/png;base64,'
        f'{base64.b64encode(file.read_bytes()).decode()}">'
        for text, file in pictures
    )
    sections = "\n".join(f"<h2>{escape(heading)}</h2>\n{_table(table)}" for heading, table in tables)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>\n'
        f'<body>\n<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n{sections}\n'
        f"<h2>Pictures</h2>\n{shown}\n</body>\n</html>\n"
    )
