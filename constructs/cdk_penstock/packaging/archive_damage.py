"""Checks for damage of an archive before its content is read, and for its unpacked size."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # NotImplementedError too: encrypted, or compressed with a method that Python does not know
)
"""The errors that reading a damaged zip may raise."""

_GIB: Final = 1024**3
_UNPACKED_MAX_BYTES: Final = _GIB
_UNPACKED_MAX_RATIO: Final = 10
"""Code and libraries shrink to a third or a quarter. A large file that shrinks more is not code."""
_TEXT_MAX_BYTES: Final = 16 * 1024**2
_CHUNK_BYTES: Final = 1024**2
_ENCRYPTED: Final = 0x1
_READ_BY_JAVA: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_NOT_BELOW_THE_FOLDER: Final = re.compile(r"/|[A-Za-z]:|.*\\|(?:.*/)?\.\.(?:/|$)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def find_damage(opened: zipfile.ZipFile, *, size_bytes: int) -> list[str]:
    """Return the reasons why the archive cannot be unpacked: too large, encrypted, compressed unusually, or damaged.

    Its content is read to the end, unless its table of contents already shows a reason. ``size_bytes`` is the size of
    the file, because the table of contents may be wrong.
    """
    infos = [info for info in opened.infolist() if not info.is_dir()]
    return [*_too_large(infos, size_bytes)] or [*_unreadable_by_java(infos)] or [*_broken(opened, infos)]


def find_bad_entries(opened: zipfile.ZipFile) -> Iterator[str]:
    """Yield names that are not paths below the job's folder, names that occur twice, and links."""
    for info in opened.infolist():
        name = info.filename
        if _NOT_BELOW_THE_FOLDER.match(name):
            yield f"{name} would be unpacked outside the job's folder: build it again, with / between folders"
        elif _CONTROL.search(name):
            yield f"{name!r} has control characters in its name: rename it"
        elif stat.S_ISLNK(info.external_attr >> 16):
            yield f"{name} is a link, which MSF would not follow: put the file itself there"
    for name, count in Counter(info.filename for info in opened.infolist()).items():
        if count > 1:
            yield f"{name} is there {count} times, and it is undefined which one is unpacked: keep one"


def read_start(opened: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> bytes:
    """Return a text file of the archive, or its beginning if it is far too long."""
    with opened.open(name) as stream:
        return stream.read(_TEXT_MAX_BYTES)


def _too_large(infos: list[zipfile.ZipInfo], size_bytes: int) -> Iterator[str]:
    unpacked = sum(info.file_size for info in infos)
    if unpacked > _UNPACKED_MAX_BYTES and unpacked > _UNPACKED_MAX_RATIO * size_bytes:
        largest = max(infos, key=lambda info: info.file_size)
        yield (
            f"it would unpack to {unpacked / _GIB:.1f} GiB, more than {_UNPACKED_MAX_RATIO} times its size: leave out"
            f" {largest.filename} ({largest.file_size / _GIB:.1f} GiB), and let the job read data from S3"
        )


def _unreadable_by_java(infos: list[zipfile.ZipInfo]) -> Iterator[str]:
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            yield f"{info.filename} is encrypted, and MSF has no password: zip it without one"
        elif info.compress_type not in _READ_BY_JAVA:
            yield (
                f"{info.filename} is compressed by method {info.compress_type}, Java reads only 0 (stored) and 8"
                " (deflated): zip it with one of them"
            )


def _broken(opened: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[str]:
    for info in infos:
        try:
            with opened.open(info) as stream:
                while stream.read(_CHUNK_BYTES):
                    pass
        except ZIP_ERRORS as error:
            yield f"{info.filename} is damaged ({error or type(error).__name__}): build or download the archive again"
