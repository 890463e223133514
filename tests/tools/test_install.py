"""tools/install.py: what becomes of an environment that is there, and of an installation that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.install import create, environment_python, is_usable

pytestmark = pytest.mark.build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("environment") / "venv"
    create(environment)
    return environment


def test_a_usable_environment_stays_as_it_is(environment: Path) -> None:
    mark = environment / "mark"
    mark.touch()
    create(environment)
    assert mark.exists()


def test_an_environment_that_a_kill_left_half_made_is_made_again(environment: Path) -> None:
    (pip,) = environment.glob("lib/python3.*/site-packages/pip")
    pip.rename(pip.with_name("gone"))
    assert not is_usable(environment_python(environment))
    create(environment)
    assert is_usable(environment_python(environment))


def test_an_environment_whose_python_is_gone_is_made_again(tmp_path: Path, environment: Path) -> None:
    python = environment_python(environment)
    for link in python.parent.glob("python*"):
        link.unlink()
        link.symlink_to(tmp_path / "removed")
    create(environment)
    assert is_usable(python)


def test_a_failed_installation_is_one_message_and_shows_what_pip_says(tmp_path: Path, environment: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"setuptools==0.0.1 --hash=sha256:{'0' * 64}\n")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "install.py", environment, lock],
        env={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No matching distribution found for setuptools==0.0.1" in done.stderr
    assert f"error: could not install {lock}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lock_without_a_build_backend_is_refused(tmp_path: Path, environment: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("six==1.17.0 --hash=sha256:00\n")
    command: list[str | Path] = [sys.executable, ROOT / "tools" / "install.py", environment, lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {lock} has no setuptools")
