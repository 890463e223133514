"""Reasons for the wildcard resources in what the sinks grant."""

from __future__ import annotations

from typing import Final

ARCHIVE_OBJECTS: Final = (
    "object names are made when the objects are written; the statement is limited to this bucket and prefix"
)
DOMAIN_INDEX: Final = (
    "indexes of a pattern are created over time; the statement is limited to this domain and the pattern"
)
DOMAIN_CONTENT: Final = (
    "roles, templates and saved objects get their names from the content; the statement is limited to their APIs on"
    " this domain"
)
