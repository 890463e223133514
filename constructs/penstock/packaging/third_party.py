"""Third-party Python packages of a job, fetched for MSF's platform whatever machine this is."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
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
    problems = []
    for line in text.replace("\\\n", " ").splitlines():
        entry = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if entry:
            problems += _check_requirement(entry)
    return problems


def _check_requirement(entry: str) -> list[str]:
    if entry.startswith("-"):
        return [f"requirement line {entry!r} is an option of pip: list the package itself, pinned, as name==version"]
    text = re.split(r"\s--hash[=\s]", entry, maxsplit=1)[0].strip()
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
    """Return the files of the pinned packages, and of what they need, as they lie on MSF's Python path.

    Only wheels are taken, of MSF's platform and of the runtime's Python, so nothing is compiled and nothing depends on
    this machine. Raises PackagingError for a requirement that MSF cannot install, or that has no such wheel.
    """
    problems = check_requirements(requirements.read_text(encoding="utf-8"))
    if problems:
        raise PackagingError.of_problems(requirements, problems)
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        target = Path(folder)
        _pip_install(requirements, target, runtime)
        return {
            path.relative_to(target).as_posix(): path.read_bytes()
            for path in sorted(target.rglob("*"))
            if path.is_file() and _belongs_into_package(path.relative_to(target))
        }


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
