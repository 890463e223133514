"""Third-party Python packages of a job, fetched for MSF's platform on any machine."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.msf_python import PROVIDED_BY_MSF, marker_holds
from cdk_penstock.packaging.requirements_file import check_requirements, pins, read_requirements
from cdk_penstock.packaging.wheel_download import download_wheels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.packaging.requirements_file import Pin
    from cdk_penstock.packaging.wheel import Wheel

_MAX_ROUNDS: Final = 20


def fetch_packages(requirements: Path, runtime: FlinkRuntime) -> dict[str, bytes]:
    """Return the files of the pinned packages as they lie on MSF's Python path.

    Only wheels are taken, for MSF's platform and the runtime's Python, so nothing is compiled and nothing depends on
    this machine, neither on its system nor on its Python. Raises PackagingError for a requirement that MSF cannot
    install, that has no such wheel, or that needs a package which is not pinned, whose version would depend on the day.
    """
    text = read_requirements(requirements)
    problems = check_requirements(text)
    if problems:
        raise PackagingError.of_problems(requirements, problems)
    try:
        wanted = pins(text, runtime)
        wheels = download_wheels([pin.line for pin in wanted], runtime) if wanted else []
        problems = _unmet(wanted, wheels, runtime)
    except PackagingError as error:
        raise PackagingError(f"{requirements}: {error}") from error
    if problems:
        raise PackagingError.of_problems(requirements, problems)
    return {name: content for wheel in wheels for name, content in sorted(wheel.files.items())}


def _unmet(wanted: Sequence[Pin], wheels: Sequence[Wheel], runtime: FlinkRuntime) -> list[str]:
    """Return a problem for each package that a pinned one needs, unless it is pinned too, at a version that fits."""
    pinned = {wheel.name: wheel for wheel in wheels}
    problems = [
        f"{needs.name} {needs.version} needs {_bare(needed)}, pinned is {wheel.version}: pin a release that fits"
        for needs, needed in _needs(wanted, pinned, runtime)
        if (wheel := pinned.get(canonicalize_name(needed.name)))
        and not needed.specifier.contains(wheel.version, prereleases=True)
    ]
    added, needers = _complete(wanted, pinned, runtime)
    return problems + [
        f"{name} {wheel.version} is needed by {needers[name]} and not pinned itself, so two builds could differ: add"
        f" the line {name}=={wheel.version}"
        for name, wheel in sorted(added.items())
    ]


def _needs(
    wanted: Sequence[Pin], wheels: dict[str, Wheel], runtime: FlinkRuntime
) -> Iterator[tuple[Wheel, Requirement]]:
    """Yield the requirements of the wheels in MSF's environment, with the requested extras."""
    pending = deque((pin.name, extra) for pin in wanted for extra in ("", *sorted(pin.requirement.extras)))
    seen = set(pending)
    while pending:
        name, extra = pending.popleft()
        for needed in wheels[name].requires if name in wheels else ():
            if not marker_holds(needed, runtime, extra=extra):
                continue
            yield wheels[name], needed
            for further in ("", *sorted(needed.extras)):
                key = (canonicalize_name(needed.name), further)
                if key not in seen:
                    seen.add(key)
                    pending.append(key)


def _complete(
    wanted: Sequence[Pin], pinned: dict[str, Wheel], runtime: FlinkRuntime
) -> tuple[dict[str, Wheel], dict[str, str]]:
    """Return the wheels of needed packages that are not pinned, and for each name the package that needs it."""
    added: dict[str, Wheel] = {}
    needers: dict[str, str] = {}
    for _ in range(_MAX_ROUNDS):
        asked: dict[str, SpecifierSet] = {}
        for needs, needed in _needs(wanted, {**pinned, **added}, runtime):
            name = canonicalize_name(needed.name)
            if name not in pinned and name not in PROVIDED_BY_MSF:
                asked[name] = asked.get(name, SpecifierSet()) & needed.specifier
                needers.setdefault(name, needs.name)
        added = {name: added[name] for name in asked if name in added}
        lines = {
            name: f"{name}{specifier}"
            for name, specifier in sorted(asked.items())
            if name not in added or not specifier.contains(added[name].version, prereleases=True)
        }
        if not lines:
            break
        try:
            added |= {wheel.name: wheel for wheel in download_wheels(list(lines.values()), runtime)}
        except PackagingError as error:
            needed_by = ", ".join(f"{line} (by {needers[name]})" for name, line in lines.items())
            raise PackagingError(f"not pinned, but needed: {needed_by}; {error}") from error
    return added, needers


def _bare(needed: Requirement) -> str:
    return f"{needed.name}{needed.specifier}"
