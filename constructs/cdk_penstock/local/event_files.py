"""Files of events: JSON Lines, plain or compressed with gzip, or the standard input."""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from cdk_penstock.local.errors import InputFileError
from cdk_penstock.local.event_lines import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.local.event_lines import LineFormat

STANDARD_INPUT: Final = Path("-")
_GZIP_MAGIC: Final = b"\x1f\x8b"


def require_file(path: Path, *, what: str) -> Path:
    """Return a file; raise InputFileError, with ``what`` the file is, if it is missing, no file, or empty."""
    if not path.exists():
        raise InputFileError(f"{what} {path} does not exist")
    if not path.is_file():
        raise InputFileError(f"{what} {path} is not a file")
    if path.stat().st_size == 0:
        raise InputFileError(f"{what} {path} is empty")
    return path


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file of events, ``-`` for the standard input, without line ends and without blank lines.

    The first bytes show whether it is compressed, not its name. Raises InputFileError for a file that is missing,
    unreadable or broken, or that has no line.
    """
    what = "the standard input" if path == STANDARD_INPUT else f"the input file {path}"
    if path != STANDARD_INPUT:
        require_file(path, what="the input file")
    some = False
    try:
        # The standard input is not ours to close.
        with open(sys.stdin.fileno(), "rb", closefd=False) if path == STANDARD_INPUT else path.open("rb") as raw:
            for line in _decompressed(raw):
                stripped = line.rstrip(b"\r\n")
                if stripped.strip():
                    if not some:
                        _refuse_other_encoding(stripped, what)
                    some = True
                    yield stripped
    except (OSError, EOFError, zlib.error) as error:
        raise InputFileError(f"{what} cannot be read: {error}") from error
    if not some:
        raise InputFileError(f"{what} holds no events")


def _refuse_other_encoding(first: bytes, what: str) -> None:
    """Refuse UTF-16 and UTF-32, of which a line is no JSON: with a mark, or with the null bytes between ASCII."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:4]:
        raise InputFileError(f"{what} is not UTF-8: save it as UTF-8, one JSON object a line")


def _decompressed(raw: io.BufferedReader) -> BinaryIO:
    if raw.peek(len(_GZIP_MAGIC))[: len(_GZIP_MAGIC)] == _GZIP_MAGIC:
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    return raw


def latest_event_ms(path: Path, fields: LineFormat) -> int | None:
    """Return the latest event time of a file in milliseconds, ``None`` if no line has one."""
    times = (parsed.timestamp_ms for line in read_lines(path) if (parsed := parse_line(line, fields)) is not None)
    return max(times, default=None)
