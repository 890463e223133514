"""The prerequisites: each missing one is named with a command that exists on the system."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = {
    "python3.11": "3.11", "node": "v22.1.0", "npm": "10.2.0", "javac": "javac 17.0.1", "mvn": "Apache Maven 3.9.9",
}  # fmt: skip


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder with a program of each kind, and no other program but the shell's own."""
    for name, version in VERSIONS.items():
        write_program(tmp_path, name, version)
    for name in ("sh", "sed", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    return tmp_path


def write_program(folder: Path, name: str, version: str) -> None:
    program = folder / name
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)


def prerequisites(programs: Path, scope: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [programs / "sh", ROOT / "tools" / "prerequisites.sh", scope],
        env={"PATH": str(programs), "MACHINE": "x86_64", "SYSTEM": "debian-12", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("scope", ["library", "app", "job"])
def test_a_machine_that_has_everything_is_told_nothing(programs: Path, scope: str) -> None:
    assert prerequisites(programs, scope) == (0, "")


@pytest.mark.parametrize(
    ("system", "commands"),
    [
        ("debian-12", {
            "python3.11": "apt-get install python3.11 python3.11-venv", "node": "nvm install 22",
            "javac": "apt-get install openjdk-17-jdk-headless", "mvn": "apt-get install maven"}),
        ("debian-13", {
            "python3.11": "uv python install 3.11", "node": "nvm install 22",
            "javac": "apt-get install openjdk-21-jdk-headless", "mvn": "apt-get install maven"}),
        ("ubuntu-24.04", {
            "python3.11": "pyenv install 3.11", "node": "nvm install 22",
            "javac": "apt-get install openjdk-17-jdk-headless", "mvn": "apt-get install maven"}),
        ("macos", {
            "python3.11": "brew install python@3.11", "node": "brew install node",
            "javac": 'export JAVA_HOME="$(brew --prefix openjdk@17)"', "mvn": "brew install maven"}),
        ("fedora-42", {
            "python3.11": "uv python install 3.11", "node": "nvm install 22",
            "javac": "the system's packages", "mvn": "maven.apache.org"}),
    ],
)  # fmt: skip
def test_a_missing_program_is_named_with_a_command_of_the_system(
    programs: Path, system: str, commands: Mapping[str, str]
) -> None:
    for program, command in commands.items():
        (programs / program).rename(programs / "absent")
        code, message = prerequisites(programs, "job", SYSTEM=system)
        assert code == 1
        assert message.startswith("missing: ")
        assert command in message
        (programs / "absent").rename(programs / program)


@pytest.mark.parametrize(
    ("program", "version", "message"),
    [
        ("python3.11", "3.10", "found: 3.10"),
        ("python3.11", "3.14", "found: 3.14"),
        ("node", "v18.19.0", "found: Node.js 18"),
        ("npm", "6.14.0", "npm 6"),
        ("javac", "javac 1.8.0", "found: 1"),
        ("javac", "javac 25.0.1", "found: 25"),
    ],
)
def test_a_version_that_will_not_do_is_named(programs: Path, program: str, version: str, message: str) -> None:
    write_program(programs, program, version)
    code, text = prerequisites(programs, "job")
    assert code == 1
    assert message in text


@pytest.mark.parametrize("java", ["11.0.2", "17.0.1", "21.0.4"])
def test_each_jdk_that_works_is_accepted(programs: Path, java: str) -> None:
    write_program(programs, "javac", f"javac {java}")
    assert prerequisites(programs, "app") == (0, "")


def test_a_node_past_its_end_is_a_note_and_no_error(programs: Path) -> None:
    write_program(programs, "node", "v20.20.2")
    code, message = prerequisites(programs, "library")
    assert code == 0
    assert message.startswith("note: Node.js 20 no longer gets security fixes")


@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_the_library_takes_each_supported_python_and_the_job_only_that_of_msf(programs: Path, python: str) -> None:
    write_program(programs, f"python{python}", python)
    base = {"BASE_PYTHON": f"python{python}"}
    assert prerequisites(programs, "library", **base) == (0, "")
    (programs / "python3.11").unlink()
    assert prerequisites(programs, "library", **base) == (0, "")
    code, message = prerequisites(programs, "job", **base)
    assert code == 1
    assert "JOB_BASE_PYTHON" in message


def test_the_library_needs_neither_java_nor_maven(programs: Path) -> None:
    (programs / "javac").unlink()
    (programs / "mvn").unlink()
    assert prerequisites(programs, "library") == (0, "")
    assert prerequisites(programs, "app")[0] == 1


@pytest.mark.parametrize("machine", ["arm64", "aarch64"])
def test_on_arm_what_still_works_is_named_before_anything_is_installed(programs: Path, machine: str) -> None:
    assert prerequisites(programs, "app", MACHINE=machine) == (0, "")
    code, message = prerequisites(programs, "job", MACHINE=machine)
    assert code == 1
    assert "make check, npx cdk synth" in message
    assert "tools/Containerfile" in message


def commands_of(goal: str, machine: str) -> str:
    """Return what make would run for a goal in a fresh clone."""
    command = ["make", "--dry-run", "--always-make", goal, f"MACHINE={machine}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("goal", "machine", "scope"),
    [
        ("demo", "x86_64", "job"), ("test", "x86_64", "job"), ("setup", "x86_64", "job"),
        ("check", "x86_64", "library"), ("setup-library", "x86_64", "library"), ("setup", "arm64", "app"),
        ("test", "arm64", "job"), ("demo", "aarch64", "job"), ("check", "arm64", "library"),
    ],
)  # fmt: skip
def test_each_goal_asks_first_for_what_it_needs(goal: str, machine: str, scope: str) -> None:
    first, *others = commands_of(goal, machine).splitlines()
    assert first == f"sh tools/prerequisites.sh {scope}"
    assert not any("prerequisites.sh" in each for each in others)


def test_on_arm_set_up_leaves_out_the_environment_of_the_job_only() -> None:
    assert "requirements/job.txt" in commands_of("setup", "x86_64")
    arm = commands_of("setup", "arm64")
    assert "requirements/job.txt" not in arm
    assert "requirements/dev.txt" in arm
    assert "npm ci" in arm


def test_the_container_has_every_prerequisite() -> None:
    text = (ROOT / "tools" / "Containerfile").read_text()
    assert "FROM --platform=linux/amd64 node:22-bookworm" in text
    for package in ("python3.11-venv", "openjdk-17-jdk-headless", "maven", "prometheus", "make"):
        assert package in text
