from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import packaging
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.requirements import Requirement

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError
from cdk_penstock.packaging.msf_python import marker_environments, marker_holds
from tests.packaging.test_third_party import write_wheel

pytestmark = pytest.mark.build

CONSTRUCTS = Path(__file__).resolve().parents[2] / "constructs"
MINORS = (11, 12, 13, 14)

# Runs in the interpreter under test; prints the hash of the zip.
BUILD = """
import sys
from pathlib import Path
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PyFlinkProject, build_package
print(build_package(PyFlinkProject(Path(sys.argv[1])), runtime=FlinkRuntime.FLINK_1_20).sha256)
"""

# Another machine, as markers see it: packaging asks the module platform. On Darwin, pip would read more of it.
OTHER_MACHINE = """
import platform
platform.machine = lambda: "arm64"
platform.system = lambda: "FreeBSD"
platform.python_version = lambda: "3.14.0"
platform.python_version_tuple = lambda: ("3", "14", "0")
"""

REQUIREMENTS = """
alpha==1.0 ; python_version < "3.12"
beta==1.0
gamma==1.0 ; sys_platform == "linux" and platform_machine == "x86_64"
windows==1.0 ; sys_platform == "win32"
newer==1.0 ; python_version >= "3.12"
other==1.0 ; platform_system == "FreeBSD" or platform_machine == "arm64"
"""


def environment(tmp_path: Path, *more: Path) -> dict[str, str]:
    """Return the variables with which any Python imports penstock and packaging, and pip finds the folder of wheels."""
    library = tmp_path / "library"
    library.mkdir(exist_ok=True)
    if not (library / "packaging").exists():
        (library / "packaging").symlink_to(Path(packaging.__file__).parent)
    paths = os.pathsep.join(str(path) for path in (*more, CONSTRUCTS, library))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONPATH": paths, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}


def write_job(tmp_path: Path, name: str) -> Path:
    wheels = tmp_path / "wheels"
    if not wheels.exists():
        wheels.mkdir()
        data = {"alpha-1.0.data/headers/a.h": "h", "alpha-1.0.data/scripts/run": "#!python\n"}
        write_wheel(
            wheels, "alpha", "cp311-cp311-manylinux2014_x86_64", more={**data, "alpha-1.0.data/data/a.txt": "x"}
        )
        write_wheel(wheels, "alpha", "cp313-cp313-manylinux2014_x86_64")
        write_wheel(
            wheels, "beta", "py3-none-any", requires='gamma; python_version < "3.12"\nnewer; python_version > "3.11"'
        )
        for other in ("gamma", "windows", "newer", "other"):
            write_wheel(wheels, other, "py3-none-any")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "main.py").write_text("import alpha, beta, gamma\n")
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    return folder


def build(python: str, folder: Path, variables: dict[str, str]) -> str:
    command = [python, "-c", BUILD, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def other_pythons() -> list[str]:
    """Return the Pythons on this machine, of each minor version one that has pip, without the running one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in MINORS:
        named = [str(path / "bin" / "python") for path in sorted(pyenv.glob(f"3.{minor}*"))]
        for python in [shutil.which(f"python3.{minor}"), *named]:
            if minor != sys.version_info.minor and python and _is_usable(python, minor):
                found.append(python)
                break
    return found


def _is_usable(python: str, minor: int) -> bool:
    code = f"import pip, sys; sys.exit(sys.version_info[:2] != (3, {minor}))"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_another_machine_builds_the_same_bytes(tmp_path: Path) -> None:
    """Always runs, with one Python alone: the other machine is simulated for penstock and for pip's own process."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(OTHER_MACHINE)
    there = environment(tmp_path, site)
    for module in ("packaging.markers", "pip._vendor.packaging.markers"):
        code = f"from {module} import default_environment as d; print(d()['python_version'], d()['platform_machine'])"
        seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=there, check=True)
        assert seen.stdout.split() == ["3.14", "arm64"]
    here = build(sys.executable, write_job(tmp_path, "here"), environment(tmp_path))
    assert build(sys.executable, write_job(tmp_path, "there"), there) == here


def test_each_python_on_this_machine_builds_the_same_bytes(tmp_path: Path) -> None:
    """With one Python alone this is a test of two builds; the simulated machine above stands in for the second."""
    pythons = [sys.executable, *other_pythons()]
    hashes = {
        python: build(python, write_job(tmp_path, f"job{n}"), environment(tmp_path)) for n, python in enumerate(pythons)
    }
    hashes["again"] = build(sys.executable, write_job(tmp_path, "again"), environment(tmp_path))
    assert len(set(hashes.values())) == 1, hashes


def test_the_package_holds_what_msf_needs_and_nothing_of_other_machines(tmp_path: Path) -> None:
    folder = write_job(tmp_path, "job")
    build(sys.executable, folder, environment(tmp_path))
    (zipped,) = (folder / ".penstock").glob("*.zip")
    third_party = {name.split("/")[1] for name in CodeArchive.open(zipped).entries if name.startswith("dep/")}
    info = {f"{name}-1.0.dist-info" for name in ("alpha", "beta", "gamma")}
    assert third_party == {"alpha", "beta", "gamma", "a.txt"} | info


@pytest.mark.parametrize(
    ("marker", "runtime", "holds"),
    [
        ('python_version < "3.12"', FlinkRuntime.FLINK_1_20, True),
        ('python_version < "3.12"', FlinkRuntime.FLINK_2_2, False),
        ('python_full_version <= "3.11.0a6"', FlinkRuntime.FLINK_1_20, False),
        ('python_full_version < "3.11.3"', FlinkRuntime.FLINK_1_20, True),
        ('python_full_version >= "3.11.3"', FlinkRuntime.FLINK_1_20, True),
        ('implementation_version >= "3.12.1"', FlinkRuntime.FLINK_1_20, False),
        ('sys_platform == "linux" and os_name == "posix"', FlinkRuntime.FLINK_1_20, True),
        ('sys_platform == "darwin" or os_name == "nt"', FlinkRuntime.FLINK_1_20, False),
        ('platform_machine == "aarch64"', FlinkRuntime.FLINK_1_20, False),
        ('platform_system == "Linux" and platform_machine == "x86_64"', FlinkRuntime.FLINK_1_20, True),
        ('platform_python_implementation == "PyPy"', FlinkRuntime.FLINK_1_20, False),
        ('implementation_name == "cpython"', FlinkRuntime.FLINK_1_20, True),
        ('extra == "test"', FlinkRuntime.FLINK_1_20, False),
    ],
)
def test_markers_are_evaluated_for_msf(marker: str, runtime: FlinkRuntime, holds: bool) -> None:
    assert marker_holds(Requirement(f"alpha==1.0 ; {marker}"), runtime) is holds


def test_msf_has_a_value_for_each_marker() -> None:
    for known in marker_environments(FlinkRuntime.FLINK_1_20):
        assert known.keys() == default_environment().keys()


@given(
    st.sampled_from(["implementation_version", "python_full_version", "python_version"]),
    st.sampled_from(["==", "!=", "<", ">="]),
    st.integers(0, 20),
)
def test_a_marker_and_its_opposite_never_both_fail(name: str, operator: str, number: int) -> None:
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<"}[operator]
    for runtime in (FlinkRuntime.FLINK_1_20, FlinkRuntime.FLINK_2_2):
        one, other = (
            marker_holds(Requirement(f'a ; {name} {each} "3.{number}"'), runtime) for each in (operator, opposite)
        )
        assert one or other


def test_a_marker_that_cannot_be_evaluated_is_named() -> None:
    with pytest.raises(PackagingError, match="marker of .a==1; os_name .*. cannot be evaluated for MSF .*: remove or"):
        marker_holds(Requirement("a==1 ; os_name ~= 'posix'"), FlinkRuntime.FLINK_1_20)
