"""Evidence of the state of an application: documents by their names, and the sources that could not be read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FLINK: Final = "flink"
"""The folder of Flink's answers."""
LOG: Final = "log"
"""The beginning of the names of documents with the last lines of a log."""

_LINE_CHARACTERS: Final = 200_000
"""CloudWatch Logs takes events of up to 256 KB."""
_PART_CHARACTERS: Final = _LINE_CHARACTERS // 2


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A source that could not be read, and why."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Documents by their names.

    Parameters
    ----------
    application
        The application's name.
    collected_at
        When the collection began.
    documents
        Values of JSON, and texts, by a name such as ``application`` or ``flink/jobs``.
    unread
        The sources that could not be read.
    """

    application: str
    collected_at: datetime
    documents: Mapping[str, Any]
    unread: tuple[Unread, ...]

    def log_lines(self) -> Iterator[str]:
        """Yield a line of JSON for each document and one for what could not be read, short enough for a log event."""
        head = {"evidence_of": self.application, "collected_at": self.collected_at.isoformat()}
        for name, document in self.documents.items():
            text = json.dumps({**head, "name": name, "document": document})
            if len(text) > _LINE_CHARACTERS:
                content = document if isinstance(document, str) else json.dumps(document)
                # The newest lines of a log are at its end; answers of AWS and Flink begin with what is newest.
                part = content[-_PART_CHARACTERS:] if name.startswith(LOG) else content[:_PART_CHARACTERS]
                text = json.dumps({**head, "name": name, "cut_off": True, "document": part})
            yield text
        yield json.dumps({**head, "unread": {each.source: each.reason for each in self.unread}})


def as_json(value: Any) -> Any:
    """Return an answer of AWS or of Flink as JSON has it: times and numbers that JSON does not have become texts."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
