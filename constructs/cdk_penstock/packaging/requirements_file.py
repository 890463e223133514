"""The requirements.txt of a job: pinned packages, for MSF's Python."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.job_folder import read_file
from cdk_penstock.packaging.msf_python import PROVIDED_BY_MSF, marker_holds

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.model.runtimes import FlinkRuntime

# As in pip: PowerShell writes UTF-16, and editors on Windows put a byte order mark before UTF-8.
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package of a requirements file, at one version.

    Parameters
    ----------
    requirement
        The package, without the marker, which has been evaluated.
    hashes
        The hashes that its file must have, as pip's options.
    """

    requirement: Requirement
    hashes: str = ""

    @property
    def name(self) -> str:
        """The package's name in its normal form."""
        return canonicalize_name(self.requirement.name)

    @property
    def line(self) -> str:
        """The line of a requirements file."""
        return f"{self.requirement} {self.hashes}".strip()


def read_requirements(path: Path) -> str:
    """Return the text of a requirements file, or raise PackagingError if it is not text."""
    content = read_file(path)
    mark, encoding = next((known for known in _BYTE_ORDER_MARKS if content.startswith(known[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise PackagingError(
            f"{path} is not text in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8"
        ) from error
    if "\0" in text:
        raise PackagingError(f"{path} holds zero bytes, as UTF-16 without a byte order mark does: save it as UTF-8")
    return text


def check_requirements(text: str) -> list[str]:
    """Return the problems in the text of a requirements file: lines that MSF cannot install, or that are not pinned."""
    return [problem for entry in _entries(text) for problem in _check_requirement(entry)]


def pins(text: str, runtime: FlinkRuntime) -> list[Pin]:
    """Return the packages of a checked text that MSF's Python needs, PackagingError for two versions of one."""
    found: dict[str, Pin] = {}
    for entry in _entries(text):
        requirement = Requirement(_without_hashes(entry))
        if not marker_holds(requirement, runtime):
            continue
        requirement.marker = None
        pin = Pin(requirement=requirement, hashes=entry[len(_without_hashes(entry)) :].strip())
        other = found.setdefault(pin.name, pin)
        if other.requirement != pin.requirement:
            raise PackagingError(
                f"{other.requirement} and {pin.requirement} are both for Python {runtime.python_version} on Linux: keep"
                " one of them"
            )
    return list(found.values())


def names(text: str) -> set[str]:
    """Return the names, in their normal form, of the packages in a text, checked or not."""
    found = (_NAME.match(entry) for entry in _entries(text))
    return {canonicalize_name(match[0]) for match in found if match}


def _entries(text: str) -> list[str]:
    lines = re.sub(r"\\\r?\n", " ", text).splitlines()
    entries = (re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip() for line in lines)
    return [entry for entry in entries if entry]


def _without_hashes(entry: str) -> str:
    return re.split(r"\s--hash[=\s]", entry, maxsplit=1)[0].strip()


def _check_requirement(entry: str) -> list[str]:
    if entry.startswith("-"):
        return [f"requirement line {entry!r} is an option of pip: list the package itself, pinned, as name==version"]
    text = _without_hashes(entry)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        first_line = str(error).splitlines()[0]
        return [f"requirement {text!r} is not name==version ({first_line}): MSF installs nothing from paths or URLs"]
    if requirement.url:
        return [f"requirement {text!r} comes from a URL, which MSF cannot install: pin a release with a wheel instead"]
    if canonicalize_name(requirement.name) in PROVIDED_BY_MSF:
        return [f"requirement {text!r} is part of MSF's runtime and would clash with it: remove it"]
    pinned = [
        spec for spec in requirement.specifier if spec.operator in {"==", "==="} and not spec.version.endswith(".*")
    ]
    if not pinned:
        return [f"requirement {text!r} is not pinned, so two builds could differ: write {requirement.name}==VERSION"]
    return []
