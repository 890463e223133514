"""An interpreter of CloudWatch Logs Insights for the commands that the saved queries use; it refuses all others.

AWS: CWL_QuerySyntax and the pages of its commands, CWL_AnalyzeLogData-discoverable-fields. Times stay milliseconds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.model.log_queries.insights_expressions import (
    Expression,
    InsightsError,
    Reader,
    Row,
    number_of,
    read_expression,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_RESULTS: Final = 10_000
"""The results of a query without ``limit``."""


def discover_fields(event: Mapping[str, Any]) -> Row:
    """Return the fields of an event: the times and the text, and JSON as a flat list of names with dots."""
    row: Row = {"@timestamp": event["timestamp"], "@message": event["message"]}
    try:
        value = json.loads(event["message"])
    except ValueError:
        return row
    if isinstance(value, dict):
        _flatten("", value, row)
    return row


def _flatten(prefix: str, value: Any, row: Row) -> None:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in items:
            _flatten(f"{prefix}.{name}" if prefix else str(name), inner, row)
    elif value is not None:
        row[prefix] = value


@dataclass
class _Results:
    rows: list[Row]
    shown: list[str] = field(default_factory=list)
    displayed: list[str] | None = None
    is_deduplicated: bool = False


def run_query(query: str, events: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the results of a query: for each, the fields that it shows, without those that are not there.

    Raises
    ------
    InsightsError
        The query is none, or uses what this subset lacks.
    """
    found = sorted((discover_fields(event) for event in events), key=lambda row: -int(row["@timestamp"]))
    results, reader = _Results(found), Reader(query)
    while True:
        command = reader.name().lower()
        if command not in COMMANDS:
            raise InsightsError(f"expected one of {', '.join(COMMANDS)}, got {command!r}")
        if results.is_deduplicated and command != "limit":
            raise InsightsError(f"expected only limit after dedup, got {command!r}")
        COMMANDS[command](reader, results)
        reader.skip()
        if reader.at == len(reader.text):
            break
        reader.require("|")
    shown = results.displayed or results.shown or ["@timestamp", "@message"]
    return [{name: row[name] for name in shown if row.get(name) is not None} for row in results.rows[:MOST_RESULTS]]


def _read_named(reader: Reader) -> tuple[str, Expression]:
    reader.skip()
    begin = reader.at
    value = read_expression(reader)
    text = reader.text[begin : reader.at].strip().strip("`")
    return (reader.name() if reader.word("as") else text), value


def _read_list(reader: Reader) -> list[tuple[str, Expression]]:
    found = [_read_named(reader)]
    while reader.sign(","):
        found.append(_read_named(reader))
    return found


def _calculate(reader: Reader, results: _Results) -> list[str]:
    columns = _read_list(reader)
    for row in results.rows:
        row.update({name: value([row]) for name, value in columns})
    return [name for name, _ in columns]


def _fields(reader: Reader, results: _Results) -> None:
    results.shown += [name for name in _calculate(reader, results) if name not in results.shown]


def _display(reader: Reader, results: _Results) -> None:
    results.displayed = _calculate(reader, results)


def _filter(reader: Reader, results: _Results) -> None:
    condition = read_expression(reader)
    results.rows = [row for row in results.rows if condition([row])]


def _parse(reader: Reader, results: _Results) -> None:
    reader.skip()
    source = "@message" if reader.text[reader.at] in "\"'/" else reader.name()
    pattern = reader.regex()
    names: list[str] = []
    if pattern is None:
        glob = reader.string()
        if glob is None or not reader.word("as"):
            reader.fail("/a regex/, or 'a glob' as names")
        names = [reader.name()]
        while reader.sign(","):
            names.append(reader.name())
        if str(glob).count("*") != len(names):
            raise InsightsError(f"expected as many names as there are * in {glob!r}, got {names}")
        parts = [re.escape(part) for part in str(glob).split("*")]
        pattern = re.compile("(.*?)".join(parts) + ("$" if str(glob).endswith("*") else ""), re.DOTALL)
    for row in results.rows:
        if (value := row.get(source)) is not None and (found := pattern.search(str(value))):
            row.update(found.groupdict() | dict(zip(names, found.groups(), strict=False)))


def _stats(reader: Reader, results: _Results) -> None:
    columns = _read_list(reader)
    keys = _read_list(reader) if reader.word("by") else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in results.rows:
        groups.setdefault(tuple(value([row]) for _, value in keys), []).append(row)
    rows = []
    for values, members in groups.items():
        made: Row = dict(zip((name for name, _ in keys), values, strict=True))
        for name, value in columns:
            # An aggregation may use the name of one before it.
            made[name] = value([{**members[0], **made}, *members[1:]])
        rows.append(made)
    results.rows, results.shown, results.displayed = rows, [name for name, _ in [*keys, *columns]], None


def _sort(reader: Reader, results: _Results) -> None:
    orders = []
    while True:
        name = reader.name()
        orders.append((name, reader.word("asc", "desc") or reader.fail("asc or desc")))
        if not reader.sign(","):
            break
    for name, direction in reversed(orders):
        results.rows.sort(key=lambda row, name=name: _order(row.get(name)), reverse=direction == "desc")  # type: ignore[misc]


def _order(value: Any) -> tuple[bool, float, str]:
    """Return the place of a value: what is no number comes before all numbers."""
    number = number_of(value)
    return (number is not None, number or 0.0, "" if number is not None or value is None else str(value))


def _limit(reader: Reader, results: _Results) -> None:
    del results.rows[reader.number() :]


def _dedup(reader: Reader, results: _Results) -> None:
    names = [name for name, _ in _read_list(reader)]
    seen = set()
    kept = []
    for row in results.rows:
        values = tuple(row.get(name) for name in names)
        # Rows in which a value is missing are no duplicates.
        if None in values or values not in seen:
            kept.append(row)
        seen.add(values)
    results.rows, results.is_deduplicated = kept, True


COMMANDS: Final = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "parse": _parse,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "dedup": _dedup,
}
