"""Reasons for the wildcard resources in what the sinks grant."""

from __future__ import annotations

from typing import Final

__all__ = ("ARCHIVE_OBJECTS", "DOMAIN_CONTENT", "DOMAIN_INDEX")

ARCHIVE_OBJECTS: Final = (
    "the names of the objects below a prefix are made when they are written; the statement is held to this bucket and"
    " prefix"
)
DOMAIN_INDEX: Final = (
    "an index pattern stands for indexes that are made as time goes by; the statement is held to this domain and to"
    " the pattern"
)
DOMAIN_CONTENT: Final = (
    "roles, templates and saved objects are named by the content that is imported; the statement is held to their APIs"
    " on this domain"
)
