"""Check that native code in a PyFlink zip runs on MSF's workers: Linux, x86-64, the runtime's Python."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from packaging.tags import Tag, parse_tag

from cdk_penstock.packaging.archive_damage import read_start

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.packaging.code_archive import CodeArchive

_FOREIGN_SUFFIXES: Final = (".pyd", ".dylib", ".dll")
_ELF: Final = re.compile(rb"\x7fELF\x02\x01")
_ELF_MACHINE: Final = struct.Struct("<H")
_ELF_MACHINE_OFFSET: Final = 18
_X86_64: Final = 62
_CPYTHON_TAG: Final = re.compile(r"\.cpython-(\d)(\d+)-")
# A wheel for an older Python also fits if it is pure Python or uses the stable ABI (PEP 425, PEP 384).
_PYTHON_3: Final = re.compile(r"(py|cp)3(\d*)")
_MSF_PLATFORM: Final = re.compile(r"any|linux_x86_64|manylinux(?:1|2010|2014|_2_(?:5|12|17))_x86_64")
_FIX: Final = "build with `penstock package`, which takes wheels of MSF's platform"


def find_native_problems(archive: CodeArchive, opened: zipfile.ZipFile, runtime: FlinkRuntime) -> Iterator[str]:
    """Yield libraries and wheels of another platform or another Python than MSF's."""
    for name in archive.entries:
        if name.endswith("/WHEEL") and ".dist-info/" in name:
            yield from _wheel(name, read_start(opened, name).decode(errors="replace"), runtime)
        elif name.endswith(_FOREIGN_SUFFIXES):
            yield f"{name} is native code of another system than MSF's Linux on x86-64: {_FIX}"
        elif name.endswith(".so") or ".so." in name:
            yield from _library(name, opened, runtime)


def _wheel(name: str, text: str, runtime: FlinkRuntime) -> Iterator[str]:
    tags: set[Tag] = set()
    for line in text.splitlines():
        if line.startswith("Tag:"):
            tags |= parse_tag(line.removeprefix("Tag:").strip())
    if tags and not any(_fits(tag, runtime) for tag in tags):
        package = name.split("/")[-2].removesuffix(".dist-info")
        shown = ", ".join(sorted(str(tag) for tag in tags))
        yield (
            f"{package} is a wheel for {shown}, MSF needs manylinux2014_x86_64 and Python {runtime.python_version}:"
            f" {_FIX}"
        )


def _fits(tag: Tag, runtime: FlinkRuntime) -> bool:
    if not _MSF_PLATFORM.fullmatch(tag.platform):
        return False
    python = _PYTHON_3.fullmatch(tag.interpreter)
    if python is None or runtime.python_version is None:
        return False
    minor = int(runtime.python_version.partition(".")[2])
    if python[1] == "py" or tag.abi == "abi3":
        return int(python[2] or 0) <= minor
    return python[2] == str(minor)


def _library(name: str, opened: zipfile.ZipFile, runtime: FlinkRuntime) -> Iterator[str]:
    with opened.open(name) as stream:
        header = stream.read(_ELF_MACHINE_OFFSET + _ELF_MACHINE.size)
    machine = _ELF_MACHINE.unpack_from(header, _ELF_MACHINE_OFFSET)[0] if _ELF.match(header) else None
    if machine != _X86_64:
        yield f"{name} is not a library for Linux on x86-64: {_FIX}"
    python = _CPYTHON_TAG.search(name)
    if python and f"{python[1]}.{python[2]}" != runtime.python_version:
        built_for = f"{python[1]}.{python[2]}"
        yield f"{name} is built for Python {built_for}, {runtime.identifier} runs {runtime.python_version}: {_FIX}"
