"""Third-party Python packages of a job, fetched for MSF's platform whatever machine this is."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from penstock.model.runtimes import FlinkRuntime

__all__ = ("MSF_PLATFORMS", "check_requirements", "fetch_packages")

MSF_PLATFORMS: Final = (
    "manylinux2014_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux_2_5_x86_64",
)
"""What MSF's workers load (managed-flink, how-python-creating), newest first."""

PROVIDED_BY_MSF: Final = frozenset({"apache-flink", "apache-flink-libraries", "pyflink"})

# What pip notes about its own run: it differs between machines and means nothing to the job.
_PIP_NOTES: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_NO_MATCH: Final = re.compile(r"No matching distribution found for (\S+)")


def check_requirements(text: str) -> list[str]:
    """Return what MSF cannot install, or what would not build twice alike, in the text of a requirements file."""
    return [problem for entry in _entries(text) for problem in _check_requirement(entry)]


def _entries(text: str) -> list[str]:
    lines = text.replace("\\\n", " ").splitlines()
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
    pins = [
        spec for spec in requirement.specifier if spec.operator in {"==", "==="} and not spec.version.endswith(".*")
    ]
    if not pins:
        return [f"requirement {text!r} is not pinned, so two builds could differ: write {requirement.name}==VERSION"]
    return []


def fetch_packages(requirements: Path, runtime: FlinkRuntime) -> dict[str, bytes]:
    """Return the files of the pinned packages as they lie on MSF's Python path.

    Only wheels are taken, of MSF's platform and of the runtime's Python, so nothing is compiled and nothing depends on
    this machine. Raises PackagingError for a requirement that MSF cannot install, that has no such wheel, or that needs
    a package which is not pinned itself, since that one's version would depend on the day.
    """
    text = requirements.read_text(encoding="utf-8")
    problems = check_requirements(text)
    if problems:
        raise PackagingError.of_problems(requirements, problems)
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        target = Path(folder)
        _pip_install(requirements, target, runtime)
        unpinned = _unpinned(text, target)
        if unpinned:
            raise PackagingError.of_problems(requirements, unpinned)
        return {
            path.relative_to(target).as_posix(): path.read_bytes()
            for path in sorted(target.rglob("*"))
            if path.is_file() and _belongs_into_package(path.relative_to(target))
        }


def _unpinned(text: str, target: Path) -> list[str]:
    """Return a problem for each package that pip added to the pinned ones; the archive's checks refuse MSF's own."""
    pinned = {canonicalize_name(Requirement(_without_hashes(entry)).name) for entry in _entries(text)}
    installed = {canonicalize_name(found.name): found.version for found in distributions(path=[str(target)])}
    return [
        f"{name} {installed[name]} is needed by a pinned package and not pinned itself, so two builds could differ: add"
        f" the line {name}=={installed[name]}"
        for name in sorted(installed.keys() - pinned - PROVIDED_BY_MSF)
    ]


def _belongs_into_package(path: Path) -> bool:
    in_metadata = path.parent.name.endswith(".dist-info")
    return path.parts[0] != "bin" and "__pycache__" not in path.parts and not (in_metadata and path.name in _PIP_NOTES)


def _pip_install(requirements: Path, target: Path, runtime: FlinkRuntime) -> None:
    platforms = [option for platform in MSF_PLATFORMS for option in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
        *("--target", str(target), "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", str(runtime.python_version), *platforms, "--requirement", str(requirements)),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return
    missing = _NO_MATCH.search(result.stderr)
    if missing:
        message = (
            f"{requirements}: {missing[1]} has no wheel for {MSF_PLATFORMS[0]} and Python {runtime.python_version}, and"
            " MSF builds none: pin a release that has one, or a package without native code"
        )
        raise PackagingError(message)
    message = f"{requirements}: pip could not fetch the packages for {MSF_PLATFORMS[0]}:\n{result.stderr.strip()}"
    raise PackagingError(message)
