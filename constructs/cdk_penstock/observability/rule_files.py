"""Reading and validation of rule files and alert manager definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Token

from cdk_penstock.foundation.text_files import read_text_file
from cdk_penstock.model.prometheus_files import PrometheusFileError, check_alert_manager, check_rules
from cdk_penstock.observability.errors import MetricsWorkspaceError
from cdk_penstock.observability.yaml_texts import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAX_FILE_BYTES: Final = 1024 * 1024


def read_rules(source: str | Path) -> str:
    """Return the text of a rule file; raise MetricsWorkspaceError if it is not valid (AMP, Ruler).

    A text with a token, such as the ARN of a topic, is returned unchecked: it is known only at deployment.
    """
    name, text = _read(source, "a rule file")
    if not Token.is_unresolved(text):
        document = _document(text, name, "groups:")
        _judge(name, lambda: check_rules(document))
    return text


def read_alert_manager(source: str | Path) -> str:
    """Return the text of an alert manager definition; raise MetricsWorkspaceError if it is not valid.

    A text with a token is returned unchecked.
    """
    name, text = _read(source, "an alert manager definition")
    if not Token.is_unresolved(text):
        document = _document(text, name, "alertmanager_config: |")
        inner = document["alertmanager_config"]
        configuration = parse_yaml(inner, f"alertmanager_config of {name}") if isinstance(inner, str) else None
        _judge(name, lambda: check_alert_manager(document, configuration))
    return text


def _read(source: str | Path, what: str) -> tuple[str, str]:
    """Return the name of a source in messages, and its text."""
    if isinstance(source, str):
        return what, source
    return f"{what} ({source})", read_text_file(source, what, MetricsWorkspaceError)


def _document(text: str, name: str, example: str) -> dict[str, Any]:
    """Return the mapping in a file; raise MetricsWorkspaceError if it is too large or lacks its key."""
    size_bytes = len(text.encode())
    if size_bytes > _MAX_FILE_BYTES:
        raise MetricsWorkspaceError(f"{name} must be at most {_MAX_FILE_BYTES} bytes, got {size_bytes}: split it")
    document = parse_yaml(text, name)
    if not isinstance(document, dict) or example.partition(":")[0] not in document:
        fix = f"for a file, pass pathlib.Path({document!r})" if document == text else "check that it is the right file"
        raise MetricsWorkspaceError(f"{name} must have {example!r} at its top level: {fix}")
    return document


def _judge(name: str, check: Callable[[], None]) -> None:
    try:
        check()
    except PrometheusFileError as error:
        raise MetricsWorkspaceError(f"{name}: {error}") from error
