"""Download of wheels for MSF's platform with pip, and the reasons if pip fails."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.msf_python import MSF_PLATFORMS
from cdk_penstock.packaging.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from cdk_penstock.model.runtimes import FlinkRuntime

_LAST_LINES: Final = 4
_NEWEST: Final = 5
_NO_MATCH: Final = re.compile(r"No matching distribution found for ([^\n]+)")
_UNREACHABLE: Final = re.compile(
    r"connection broken by|Could not fetch URL (?!\S+ 404 )|HTTPSConnectionPool|HTTPConnectionPool|ProxyError"
    r"|NewConnectionError|NameResolutionError|Max retries exceeded|is not a trusted or secure host"
)
_OTHER_PYTHON: Final = re.compile(r"Link requires a different Python \(\S+ not in: '([^']*)'\)")
_FILE: Final = re.compile(r"[^/\s=]+\.(?:whl|tar\.gz|zip)(?=[#,\s)]|$)")


def download_wheels(lines: Sequence[str], runtime: FlinkRuntime) -> list[Wheel]:
    """Return a wheel for each line of a requirements file; nothing is compiled, and nothing else is fetched.

    Platform, Python and ABI are named, so pip's choice does not depend on the Python that runs it. The caller evaluates
    markers: pip evaluates them for its own Python, despite ``--python-version``. Raises PackagingError with the
    reason and pip's last lines.
    """
    with tempfile.TemporaryDirectory(prefix="penstock-") as name:
        folder = Path(name)
        requirements, log = folder / "requirements.txt", folder / "pip.log"
        requirements.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--progress-bar", "off", "--log", str(log), "--dest", str(folder / "wheels")),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", str(runtime.python_version)),
            *("--abi", f"cp{str(runtime.python_version).replace('.', '')}"),
            *(option for platform in MSF_PLATFORMS for option in ("--platform", platform)),
            *("--requirement", str(requirements)),
        ]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if result.returncode != 0:
            log_text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise PackagingError(explain_failure(result.stderr, log_text, runtime))
        return [Wheel.read(path) for path in sorted((folder / "wheels").glob("*.whl"))]


def explain_failure(stderr: str, log: str, runtime: FlinkRuntime) -> str:
    """Return the reason why pip failed, with the fix and pip's last lines.

    ``log`` is the file of pip's option ``--log``: all links that it saw, also those that it ignored.
    """
    told = [line for line in stderr.strip().splitlines() if line.strip() and not line.startswith("[notice]")]
    return "\n".join([_reason(stderr, log, runtime), *(f"    {line}" for line in told[-_LAST_LINES:])])


def _reason(stderr: str, log: str, runtime: FlinkRuntime) -> str:
    if "No module named pip" in stderr:
        return (
            f"{sys.executable} has no pip, which fetches the packages: install it (`uv pip install pip` in an"
            " environment that uv made, else `python -m ensurepip`)"
        )
    missing = _NO_MATCH.search(stderr)
    wanted = Requirement(missing[1].partition(" (from")[0]) if missing else None
    releases = _files_by_release(canonicalize_name(wanted.name), log) if wanted else {}
    if not releases and _UNREACHABLE.search(stderr + log):
        return (
            "pip reached no package index, or it refused: check the network, the proxy (HTTPS_PROXY) and the index that"
            " pip is configured with (`pip config list`)"
        )
    if wanted is None:
        return f"pip could not fetch the packages for {MSF_PLATFORMS[0]}:"
    return _no_match(wanted, releases, log, runtime)


def _no_match(wanted: Requirement, releases: dict[Version, set[str]], log: str, runtime: FlinkRuntime) -> str:
    if not releases:
        return (
            f"there is no package {wanted.name} in the index that pip asks: check its spelling, and the index that pip"
            " is configured with (`pip config list`)"
        )
    fitting = wanted.specifier.filter(releases, prereleases=True)
    files = sorted(file for version in fitting for file in releases[version])
    if not files:
        newest = ", ".join(str(version) for version in sorted(releases, reverse=True)[:_NEWEST])
        return (
            f"there is no release {wanted} in the index that pip asks: take one that is there, the newest are {newest}"
        )
    links = [line for line in log.splitlines() if any(file in line for file in files)]
    other = next(filter(None, map(_OTHER_PYTHON.search, links)), None)
    if other:
        return (
            f"{wanted} runs on Python {other[1]}, {runtime.identifier} has {runtime.python_version}: pin a release that"
            " runs on it"
        )
    return (
        f"{wanted} has no wheel for {MSF_PLATFORMS[0]} and Python {runtime.python_version}, and MSF builds none: pin a"
        f" release that has one, or a package without native code; it has {', '.join(files[:_NEWEST])}"
    )


def _files_by_release(name: str, log: str) -> dict[Version, set[str]]:
    releases: dict[Version, set[str]] = {}
    for line in log.splitlines():
        if "ink" not in line:
            continue
        for file in _FILE.findall(line):
            try:
                found, version = parse_wheel_filename(file)[:2] if file.endswith(".whl") else parse_sdist_filename(file)
            except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
                continue
            if found == name:
                releases.setdefault(version, set()).add(file)
    return releases
