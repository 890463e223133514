"""Text files as input of constructs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.texts import decode_text

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.model.errors import PenstockError


def read_text_file(path: Path, what: str, error: type[PenstockError]) -> str:
    """Return a file's text without a byte order mark; raise ``error`` if it cannot be read or is not UTF-8."""
    name = f"{what} ({path})"
    try:
        content = path.read_bytes()
    except OSError as cause:
        raise error(f"{name} cannot be read: {cause.strerror or cause}") from cause
    return decode_text(content, name, error)
