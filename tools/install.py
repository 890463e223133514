"""Install a locked Python environment: ``python3.11 tools/install.py .venv requirements/dev.txt --editable .``.

A lock file holds every package that its environment needs, with hashes. So pip resolves nothing (``--no-deps``) and
installs exactly these packages with any pip from 22.3 on, the one of Python 3.11.0, whatever is released later.
Packages without a wheel are built with the lock's own setuptools instead of the newest one. ``pip check`` then proves
that the lock is complete.

Only the standard library is used, because nothing else is installed yet.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD_BACKEND = "setuptools"
# It has its own version of a file of aws-cdk-cloud-assembly-schema, which must overwrite the other. When pip resolves
# dependencies, it installs this package later; here, it would install in reverse alphabetical order.
INSTALLED_LAST = "aws-cdk-lib"
FIRST_OR_LAST = (BUILD_BACKEND, INSTALLED_LAST)
SECONDS_BETWEEN_LINES = 10
_ENTRY = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==.*?(?=^[A-Za-z0-9]|\Z)", re.DOTALL | re.MULTILINE)


def lock_entries(lock: str) -> list[tuple[str, str]]:
    """Return name and text of each entry of a lock file; a package has one for each version that a marker chooses."""
    return [(entry[1], entry[0]) for entry in _ENTRY.finditer(lock)]


def main() -> None:
    """Create the environment, or update an existing one."""
    parser = argparse.ArgumentParser(description="Install a locked Python environment.")
    parser.add_argument("environment", type=Path, help="folder of the virtual environment")
    parser.add_argument("lock", type=Path, help="lock file with hashes")
    parser.add_argument("--editable", type=Path, help="project to install in place, after its requirements")
    arguments = parser.parse_args()
    try:
        install(arguments.environment, arguments.lock, editable=arguments.editable)
    except subprocess.CalledProcessError:
        sys.exit(
            f"error: could not install {arguments.lock} into {arguments.environment}: the lines above show the reason."
            " Behind a proxy or with a company's package index, configure pip first"
            " (`pip config set global.index-url ...`, HTTPS_PROXY, PIP_CERT); then run the same command again."
        )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def install(environment: Path, lock: Path, *, editable: Path | None) -> None:
    """Install exactly the packages of the lock file; raise CalledProcessError if pip fails."""
    create(environment)
    entries = lock_entries(lock.read_text(encoding="utf-8"))
    backend = [text for name, text in entries if name == BUILD_BACKEND]
    if not backend:
        raise ValueError(f"{lock} has no {BUILD_BACKEND}, which builds packages without a wheel: run `make lock`")
    progress = Progress(environment.name, len(entries))
    install_requirements(environment, backend, progress)
    install_requirements(environment, [text for name, text in entries if name not in FIRST_OR_LAST], progress)
    install_requirements(environment, [text for name, text in entries if name == INSTALLED_LAST], progress)
    progress.end()
    if editable is not None:
        run_pip(environment, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(editable))
    run_pip(environment, "check")


def create(environment: Path) -> None:
    """Create the virtual environment, unless a usable one exists."""
    if not is_usable(environment_python(environment)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)


def is_usable(python: Path) -> bool:
    """Return whether an interpreter exists with this version and with pip; an interrupted setup may leave less."""
    probe = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return (
        python.exists() and not subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode
    )


def environment_python(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / "bin" / "python"


def install_requirements(environment: Path, entries: list[str], progress: Progress) -> None:
    """Install entries of a lock file; raise CalledProcessError if pip fails."""
    if not entries:
        return
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text("".join(entries), encoding="utf-8")
        command = [*pip(environment), "install", "--progress-bar", "off", "--no-deps", "--require-hashes"]
        command += ["--no-build-isolation", "--use-pep517", "--requirement", str(requirements)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=pip_environment()) as process:
            for line in process.stdout or ():
                progress.take(line.strip())
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def run_pip(environment: Path, *arguments: str) -> None:
    """Run pip and show its output; raise CalledProcessError if it fails."""
    subprocess.run([*pip(environment), *arguments], check=True, env=pip_environment())


def pip(environment: Path) -> list[str]:
    """Return the start of a pip command of the environment."""
    return [str(environment_python(environment)), "-m", "pip", "--disable-pip-version-check"]


def pip_environment() -> dict[str, str]:
    """Return the environment variables of pip: the user's, without the warning about running as root in a container."""
    return os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}


class Progress:
    """Shows the number of packages that pip mentions: on a terminal in one line, otherwise in a new line every 10 s."""

    def __init__(self, title: str, packages: int) -> None:
        self._title = title
        self._packages = packages
        self._seen = 0
        self._shown_at = time.monotonic()
        self._is_terminal = sys.stdout.isatty()

    def take(self, line: str) -> None:
        """Take a line of pip's output."""
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self._seen += 1
            name = line.removeprefix("Collecting ").removeprefix("Requirement already satisfied: ").split()[0]
            self._show(f"package {self._seen} of {self._packages}: {name}")
        elif line.startswith("Building wheel"):
            self._show(line)
        elif line.startswith("Installing collected packages"):
            self._show(f"installing {line.count(',') + 1} packages")

    def end(self) -> None:
        """End the line."""
        if self._is_terminal:
            print()

    def _show(self, text: str) -> None:
        if self._is_terminal:
            sys.stdout.write(f"\r\x1b[2K{self._title}: {text[:60]}")
            sys.stdout.flush()
        elif time.monotonic() - self._shown_at > SECONDS_BETWEEN_LINES:
            self._shown_at = time.monotonic()
            print(f"{self._title}: {text}", flush=True)


if __name__ == "__main__":
    main()
