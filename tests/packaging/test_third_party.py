from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from penstock.model.runtimes import FlinkRuntime
from penstock.packaging import PackagingError
from penstock.packaging.third_party import check_requirements, fetch_packages

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = FlinkRuntime.FLINK_1_20


def write_wheel(folder: Path, name: str, tag: str, *, requires: str = "") -> None:
    """Write a wheel with one module and a console script."""
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files = {
        f"{name}/__init__.py": "VALUE = 1\n",
        f"{info}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-run = {name}:VALUE\n",
    }
    record = ""
    for entry, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{entry},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        for entry, text in files.items():
            wheel.writestr(entry, text)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make pip look into a folder only."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


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


def test_what_a_pinned_package_needs_must_be_pinned_too(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="snake_case")
    write_wheel(index, "snake_case", "py3-none-any", requires="beta")
    write_wheel(index, "beta", "py3-none-any")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("Alpha==1.0\n")
    with pytest.raises(PackagingError) as error:
        fetch_packages(requirements, RUNTIME)
    first, *problems = str(error.value).splitlines()
    assert first == f"{requirements} would not run:"
    assert [problem.rpartition(": ")[2] for problem in problems] == [
        "add the line beta==1.0",
        "add the line snake-case==1.0",
    ]
    requirements.write_text("Alpha==1.0\nbeta==1.0\nsnake.case==1.0 ; python_version >= '3.8'\n")
    assert "snake_case/__init__.py" in fetch_packages(requirements, RUNTIME)


@pytest.mark.parametrize("tag", ["cp311-cp311-macosx_11_0_arm64", "cp312-cp312-manylinux2014_x86_64"])
def test_a_package_without_a_wheel_for_msf_is_named(tmp_path: Path, index: Path, tag: str) -> None:
    write_wheel(index, "alpha", tag)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0\n")
    with pytest.raises(PackagingError, match="alpha==1.0 has no wheel for manylinux2014_x86_64 and Python 3.11"):
        fetch_packages(requirements, RUNTIME)


def test_what_else_pip_says_is_passed_on(tmp_path: Path, index: Path) -> None:
    (index / "alpha-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0\n")
    with pytest.raises(PackagingError, match="pip could not fetch the packages for manylinux2014_x86_64:\n"):
        fetch_packages(requirements, RUNTIME)


def test_pins_with_hashes_comments_and_markers_are_accepted() -> None:
    text = """
    # what the job needs
    alpha==1.0 \\
        --hash=sha256:abc \\
        --hash=sha256:def
    beta==2.0 ; python_version >= "3.8"  # why
    """
    assert check_requirements(text) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("alpha", "is not pinned"),
        ("alpha>=1", "write alpha==VERSION"),
        ("alpha==1.*", "is not pinned"),
        ("-e .", "is an option of pip"),
        ("-r other.txt", "is an option of pip"),
        ("--index-url https://example.com", "is an option of pip"),
        ("git+https://example.com/alpha.git", "installs nothing from paths or URLs"),
        ("./alpha.whl", "installs nothing from paths or URLs"),
        ("alpha @ https://example.com/alpha.whl", "comes from a URL"),
        ("apache-flink==1.20.5", "is part of MSF's runtime and would clash"),
        ("Apache_Flink.Libraries==1.20.5", "is part of MSF's runtime and would clash"),
    ],
)
def test_what_msf_cannot_install_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    assert problem in check_requirements(line)[0]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(line)
    with pytest.raises(PackagingError, match="requirements.txt would not run"):
        fetch_packages(requirements, RUNTIME)
