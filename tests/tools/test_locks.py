"""The lock files install today, after new releases of everything, and with the oldest pip that README allows."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.install import INSTALLED_LAST, lock_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
NEWER = "9999.0"

# The pip of Python 3.11.0, the oldest that README allows; of Debian 12's Python; and the newest of today.
PIPS = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "23.0.1": "236bcb61156d76c4b8a05821b988c7b8c35bf0da28a4b614e8d6ab5212c25c6f",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}
PACKAGES = {"clients.txt": ROOT / ".venv-clients", "dev.txt": ROOT / ".venv", "job.txt": ROOT / ".venv-job"}
PLATFORMS = {
    "linux-x86_64": {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
    },
    "linux-aarch64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "macos-arm64": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
ENVIRONMENTS = [
    *(("dev.txt", python, platform) for python in ("3.11", "3.12", "3.13") for platform in PLATFORMS),
    # The metadata of these packages is in their own environments, which `make check` does without.
    pytest.param("job.txt", "3.11", "linux-x86_64", marks=pytest.mark.build),
    pytest.param("clients.txt", "3.11", "linux-x86_64", marks=pytest.mark.build),
]


class Package(NamedTuple):
    """A package of a lock file, and what it requires by the metadata of the installed one."""

    requirement: Requirement
    metadata: metadata.Distribution | None

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        return specifier.version

    def requires(self, environment: Mapping[str, str], extras: frozenset[str]) -> Iterator[Requirement]:
        for text in (self.metadata.requires if self.metadata else None) or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in extras | {""}):
                yield requirement


def locked_packages(lock: str) -> list[Package]:
    folders = [str(each) for each in PACKAGES[lock].glob("lib/python3.*/site-packages")]
    installed = {canonicalize_name(each.name): each for each in metadata.distributions(path=folders)}
    entries = lock_entries((REQUIREMENTS / lock).read_text())
    requirements = [Requirement(entry.split("\\", maxsplit=1)[0].strip()) for _, entry in entries]
    return [Package(each, installed.get(canonicalize_name(each.name))) for each in requirements]


def roots(lock: str) -> list[Requirement]:
    source = REQUIREMENTS / lock.replace(".txt", ".in")
    if source.exists():
        lines = source.read_text().splitlines()
        return [Requirement(line) for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return [Requirement(each) for each in [*project["dependencies"], *extras["dev"], *extras["local"]]]


@pytest.mark.parametrize(("lock", "python", "platform"), ENVIRONMENTS)
def test_a_lock_holds_everything_that_its_packages_require(lock: str, python: str, platform: str) -> None:
    known = cast("dict[str, str]", default_environment()) | PLATFORMS[platform]
    environment = known | {"python_version": python, "python_full_version": f"{python}.1"}
    chosen = [
        each
        for each in locked_packages(lock)
        if each.requirement.marker is None or each.requirement.marker.evaluate(environment)
    ]
    by_name = {each.name: each for each in chosen}
    assert len(by_name) == len(chosen)
    open_requirements, seen = roots(lock), set()
    while open_requirements:
        requirement = open_requirements.pop()
        package = by_name.get(canonicalize_name(requirement.name))
        assert package, f"{requirement} is not locked for Python {python} on {platform}"
        assert requirement.specifier.contains(package.version, prereleases=True), f"{requirement}: {package.version}"
        visit = (package.name, frozenset(requirement.extras))
        if visit not in seen:
            seen.add(visit)
            open_requirements += package.requires(environment, visit[1])
    assert {name for name, _ in seen} == by_name.keys()


def files_of_several(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each file that packages bring in different forms, with its hash in each of them."""
    owners: dict[str, dict[str, str]] = {}
    for distribution in metadata.distributions(path=[str(folder)]):
        name = distribution.name  # read from its file at each call
        for file in distribution.files or ():
            if file.hash is not None:
                owners.setdefault(str(file), {})[name] = file.hash.value
    return ((file, hashes) for file, hashes in owners.items() if len(set(hashes.values())) > 1)


def test_a_file_that_two_packages_bring_is_that_of_the_one_installed_last() -> None:
    """Another such file would need an order too: pip's own depends on the resolution that set-up does without."""
    (folder,) = PACKAGES["dev.txt"].glob("lib/python3.*/site-packages")
    ((file, hashes),) = files_of_several(folder)
    digest = hashlib.sha256((folder / file).read_bytes()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == hashes[INSTALLED_LAST]


@pytest.mark.build
@pytest.mark.parametrize("lock", ["clients.txt", "job.txt"])
def test_no_two_packages_of_another_lock_bring_the_same_file(lock: str) -> None:
    (folder,) = PACKAGES[lock].glob("lib/python3.*/site-packages")
    assert list(files_of_several(folder)) == []


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_wheel(folder: Path, name: str, version: str, requires: list[str], extras: list[str]) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Provides-Extra: {extra}" for extra in extras] + [f"Requires-Dist: {each}" for each in requires]
    files = {
        f"{stem}.dist-info/METADATA": "\n".join(lines) + "\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        f"{len(text.encode())}\n"
        for path, text in files.items()
    )
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name_, text in {**files, f"{stem}.dist-info/RECORD": f"{record}{stem}.dist-info/RECORD,,\n"}.items():
            wheel.writestr(name_, text)
    return path


class Index(NamedTuple):
    """A package index in which everything has a newer release, and a lock file of the older ones."""

    packages: Path
    lock: Path


def write_index(folder: Path, lock: str) -> Index:
    """Write an empty package for each locked one, with its requirements, a newer release of it, and their lock."""
    packages = folder / "packages"
    packages.mkdir()
    lines = []
    for package in locked_packages(lock):
        requires = (package.metadata.requires if package.metadata else None) or []
        extras = package.metadata.metadata.get_all("Provides-Extra", []) if package.metadata else []
        wheel = write_wheel(packages, package.name, package.version, requires, extras)
        write_wheel(packages, package.name, NEWER, requires, extras)
        lines.append(f"{package.requirement} --hash=sha256:{sha256(wheel)}\n")
    (folder / lock).write_text("".join(lines))
    return Index(packages, folder / lock)


@pytest.fixture(scope="module", params=sorted(PACKAGES))
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Index:
    return write_index(tmp_path_factory.mktemp("index"), request.param)


@pytest.fixture(scope="module")
def pip_wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pips")
    wheels = {}
    for version, digest in PIPS.items():
        requirements = folder / f"{version}.txt"
        requirements.write_text(f"pip=={version} --hash=sha256:{digest}\n")
        command: list[str | Path] = [
            "download",
            "-q",
            "--no-deps",
            "--require-hashes",
            "-r",
            requirements,
            "-d",
            folder,
        ]
        subprocess.run([sys.executable, "-m", "pip", *command], check=True)
        wheels[version] = folder / f"pip-{version}-py3-none-any.whl"
    return wheels


def environment_with(pip: Path, folder: Path) -> Path:
    """Return a virtual environment as a Python with this pip makes it."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    command: list[str | Path] = [environment / "bin" / "python", pip / "pip", "install", "-q", "--no-index", pip]
    subprocess.run(command, check=True)
    return environment


def against(index: Path) -> dict[str, str]:
    """Return the variables with which pip knows no other index."""
    return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}


def install(environment: Path, lock: Path, index: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, ROOT / "tools" / "install.py", environment, lock]
    return subprocess.run(command, env=against(index), capture_output=True, text=True, check=False)


def installed(environment: Path) -> dict[str, str]:
    folders = [str(each) for each in environment.glob("lib/python3.*/site-packages")]
    return {canonicalize_name(each.name): each.version for each in metadata.distributions(path=folders)}


@pytest.mark.build
@pytest.mark.parametrize("pip", PIPS)
def test_a_lock_installs_though_everything_has_a_newer_release(
    pip: str, index: Index, pip_wheels: dict[str, Path], tmp_path: Path
) -> None:
    environment = environment_with(pip_wheels[pip], tmp_path)
    done = install(environment, index.lock, index.packages)
    assert done.returncode == 0, done.stderr
    found = installed(environment)
    assert found.pop("pip") == pip
    expected = {
        each.name: each.version
        for each in locked_packages(index.lock.name)
        if each.requirement.marker is None or each.requirement.marker.evaluate()
    }
    assert found == expected


@pytest.mark.build
@pytest.mark.parametrize("index", ["dev.txt"], indirect=True)
def test_the_index_of_newer_releases_stops_an_old_pip_that_resolves(
    index: Index, pip_wheels: dict[str, Path], tmp_path: Path
) -> None:
    """The proof that the test above can fail: set-up once broke in this way, without a change of ours."""
    environment = environment_with(pip_wheels["23.0.1"], tmp_path)
    command: list[str | Path] = [environment / "bin" / "pip", "install", "--require-hashes", "-r", index.lock]
    done = subprocess.run(command, env=against(index.packages), capture_output=True, text=True, check=False)
    assert "must have their versions pinned with ==" in done.stderr


@pytest.mark.build
def test_a_package_without_a_wheel_is_built_with_the_locked_setuptools(
    pip_wheels: dict[str, Path], tmp_path: Path
) -> None:
    index = tmp_path / "packages"
    index.mkdir()
    entry = dict(lock_entries((REQUIREMENTS / "job.txt").read_text()))["setuptools"]
    lock = tmp_path / "lock.txt"
    lock.write_text(entry)
    command: list[str | Path] = ["download", "-q", "--no-deps", "--require-hashes", "-r", lock, "-d", index]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True)
    # The newest setuptools can build nothing.
    write_wheel(index, "setuptools", NEWER, [], [])
    source = index / "without-wheel-1.0.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        text = b"from setuptools import setup\nsetup(name='without-wheel', version='1.0', setup_requires=['other'])\n"
        entry_of_setup = tarfile.TarInfo("without-wheel-1.0/setup.py")
        entry_of_setup.size = len(text)
        archive.addfile(entry_of_setup, io.BytesIO(text))
    lock.write_text(f"{entry}without-wheel==1.0 --hash=sha256:{sha256(source)}\n")
    environment = environment_with(pip_wheels["22.3"], tmp_path)
    done = install(environment, lock, index)
    assert done.returncode == 0, done.stderr
    assert installed(environment)["without-wheel"] == "1.0"


@pytest.mark.build
def test_an_incomplete_lock_is_an_error_that_names_what_is_missing(pip_wheels: dict[str, Path], tmp_path: Path) -> None:
    index = tmp_path / "packages"
    index.mkdir()
    wheels = [write_wheel(index, "setuptools", "81.0.0", [], []), write_wheel(index, "needy", "1.0", ["missing"], [])]
    lock = tmp_path / "lock.txt"
    names = ("setuptools==81.0.0", "needy==1.0")
    lock.write_text("".join(f"{name} --hash=sha256:{sha256(each)}\n" for name, each in zip(names, wheels, strict=True)))
    done = install(environment_with(pip_wheels["22.3"], tmp_path), lock, index)
    assert done.returncode != 0
    assert "needy 1.0 requires missing" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
