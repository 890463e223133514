"""Decoding of files that people write: UTF-8, with or without the byte order mark of Windows."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cdk_penstock.model.errors import PenstockError

_FIX: Final = "save it as UTF-8 (in Windows Notepad: Save as, encoding UTF-8)"
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_OTHER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def decode_text(content: bytes, name: str, error: type[PenstockError]) -> str:
    """Return the text of a file without a byte order mark; raise ``error`` if it is not UTF-8.

    Parameters
    ----------
    content
        The file's bytes.
    name
        The name of the file in messages.
    error
        The class of the error to raise.
    """
    for mark, encoding in _OTHER_MARKS:
        if content.startswith(mark):
            raise error(f"{name} is encoded in {encoding}, expected UTF-8: {_FIX}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise error(f"{name} is not UTF-8, got byte 0x{content[cause.start]:02x} in line {line}: {_FIX}") from cause
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise error(f"{name} has a null byte in line {line}, expected text in UTF-8: {_FIX}")
    return text
