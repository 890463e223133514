"""URLs of the runbooks that alarms name."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from cdk_penstock.model.errors import PenstockError

FOLDER: Final = "docs/runbooks"
"""The folder of penstock's repository with a runbook for each kind of alarm."""


def check_runbook_base_url(url: str) -> str:
    """Return the URL of a folder of runbooks without a slash at its end; raise PenstockError for anything else.

    The names of runbooks are put behind it, so that it has neither query nor fragment.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PenstockError(f"the folder of runbooks must be a URL, got {url!r}: {error}") from error
    is_whole = parts.scheme == "https" and parts.hostname and not parts.query and not parts.fragment
    if not is_whole or not url.isascii() or any(character.isspace() or character in '<>"' for character in url):
        raise PenstockError(
            "the folder of runbooks must be a URL that begins with https://, without query, fragment or space,"
            f" such as 'https://example.com/docs/runbooks', got {url!r}: whoever gets the alarm opens it"
        )
    return url.rstrip("/")
