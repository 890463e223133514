"""The runbook of an alarm, as its description names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.runbook_urls import FOLDER, check_runbook_base_url

if TYPE_CHECKING:
    from constructs import Construct

RUNBOOK_BASE_URL: Final = "penstock:runbookBaseUrl"
"""The context key with the URL of the folder of runbooks."""


def set_runbook_base_url(scope: Construct, url: str) -> None:
    """Let alarms below a scope, which has no children yet, name runbooks in this folder; raise PenstockError."""
    scope.node.set_context(RUNBOOK_BASE_URL, check_runbook_base_url(url))


def runbook(scope: Construct, kind: str, section: str = "") -> str:
    """Return the end of an alarm's description: the address of the runbook of its kind, and of a section in it.

    That is a URL if the context has the base of one. Without it, it is the path in penstock's repository.

    Raises PenstockError for a base in the context that is no URL.
    """
    base = scope.node.try_get_context(RUNBOOK_BASE_URL)
    if base is not None and not isinstance(base, str):
        raise PenstockError(f"the context {RUNBOOK_BASE_URL} must be a URL, got {base!r}")
    folder = FOLDER if base is None else check_runbook_base_url(base)
    return f"Runbook: {folder}/{kind}.md{section}"
