"""Zip files that are identical, byte for byte, on every machine and at any time, for the same content."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_0644: Final = 0o100644 << 16
_UNIX: Final = 3
_JAR_MANIFEST: Final = "META-INF/MANIFEST.MF"


def write_zip(target: io.BufferedIOBase | Path, files: Mapping[str, bytes]) -> None:
    """Write the files in the order of their names, without times, owners or compression.

    Nothing is compressed, because the output of a compressor depends on its version, and a job's code consists mostly
    of one jar anyway.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name])


def rewrite_jar(source: Path) -> bytes:
    """Return the jar with its files in a fixed order and without times; the manifest stays first, as readers expect."""
    with zipfile.ZipFile(source) as archive:
        names = {info.filename for info in archive.infolist() if not info.is_dir()}
        ordered = [_JAR_MANIFEST] * (_JAR_MANIFEST in names) + sorted(names - {_JAR_MANIFEST})
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as rewritten:
            for name in ordered:
                rewritten.writestr(_entry(name), archive.read(name))
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = _REGULAR_FILE_0644
    entry.create_system = _UNIX
    return entry
