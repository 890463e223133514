from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PackagingError
from cdk_penstock.packaging.third_party import fetch_packages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.build

RUNTIME = FlinkRuntime.FLINK_1_20


def write_wheel(
    folder: Path, name: str, tag: str, *, requires: str = "", more: dict[str, str] | None = None, python: str = ""
) -> None:
    """Write a wheel with one module, a console script and more files; ``requires`` has a requirement on each line."""
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files = {
        f"{name}/__init__.py": "VALUE = 1\n",
        f"{info}/METADATA": metadata
        + "".join(f"Requires-Dist: {line}\n" for line in requires.splitlines())
        + (f"Requires-Python: {python}\n" if python else ""),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-run = {name}:VALUE\n",
        **(more or {}),
    }
    record = ""
    for entry, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{entry},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        for entry, text in files.items():
            wheel.writestr(entry, text)


def write_requirements(folder: Path, text: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text(text)
    return path


def test_pinned_packages_are_fetched_without_traces_of_this_machine(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "cp311-cp311-manylinux2014_x86_64", requires="beta")
    write_wheel(index, "beta", "py3-none-any")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0  # the first\nbeta==1.0\n")
    files = fetch_packages(requirements, RUNTIME)
    assert sorted(files) == [
        "alpha-1.0.dist-info/METADATA",
        "alpha-1.0.dist-info/WHEEL",
        "alpha-1.0.dist-info/entry_points.txt",
        "alpha/__init__.py",
        "beta-1.0.dist-info/METADATA",
        "beta-1.0.dist-info/WHEEL",
        "beta-1.0.dist-info/entry_points.txt",
        "beta/__init__.py",
    ]
    assert files["alpha/__init__.py"] == b"VALUE = 1\n"


def test_requirements_of_a_pinned_package_must_be_pinned_too(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="snake_case")
    write_wheel(index, "snake_case", "py3-none-any", requires="beta")
    write_wheel(index, "beta", "py3-none-any")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("Alpha==1.0\n")
    with pytest.raises(PackagingError) as error:
        fetch_packages(requirements, RUNTIME)
    first, *problems = str(error.value).splitlines()
    assert first == f"{requirements} would not run:"
    assert [problem.partition(" and not")[0] for problem in problems] == [
        "  - beta 1.0 is needed by snake-case",
        "  - snake-case 1.0 is needed by alpha",
    ]
    assert [problem.rpartition(": ")[2] for problem in problems] == [
        "add the line beta==1.0",
        "add the line snake-case==1.0",
    ]
    requirements.write_text("Alpha==1.0\nbeta==1.0\nsnake.case==1.0 ; python_version >= '3.8'\n")
    assert "snake_case/__init__.py" in fetch_packages(requirements, RUNTIME)


def test_a_requirement_that_cannot_be_fetched_names_the_package_that_needs_it(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="beta>=1")
    write_wheel(index, "beta", "cp311-cp311-win_amd64")
    with pytest.raises(PackagingError, match="txt: not pinned, but needed: beta>=1 .by alpha.; beta>=1 has no wheel"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)


def test_a_pin_that_another_package_cannot_use_is_named(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="beta>=2")
    write_wheel(index, "beta", "py3-none-any")
    with pytest.raises(PackagingError, match="alpha 1.0 needs beta>=2, pinned is 1.0: pin a release that fits"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\nbeta==1.0\n"), RUNTIME)


def test_requirements_of_an_extra_must_be_pinned_only_if_the_extra_is_requested(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires='beta[fast]==1.0; extra == "all"')
    write_wheel(index, "beta", "py3-none-any", requires='gamma; extra == "fast"')
    write_wheel(index, "gamma", "py3-none-any")
    assert "alpha/__init__.py" in fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
    with pytest.raises(PackagingError) as error:
        fetch_packages(write_requirements(tmp_path, "alpha[all]==1.0\n"), RUNTIME)
    assert "add the line beta==1.0" in str(error.value)
    assert "add the line gamma==1.0" in str(error.value)


def test_pyflink_itself_is_there_for_a_package_that_needs_it(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="apache-flink>=1.20")
    assert "alpha/__init__.py" in fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)


def test_a_file_without_packages_for_msf_needs_no_pip(tmp_path: Path) -> None:
    assert fetch_packages(write_requirements(tmp_path, "pywin32==306 ; sys_platform == 'win32'\n"), RUNTIME) == {}
