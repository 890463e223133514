from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.names import CODE_ARCHIVE_MAX_BYTES
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError, PyFlinkLayout, check_archive, find_problems
from cdk_penstock.packaging.code_archive import PackageManifest
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUNTIME = FlinkRuntime.FLINK_1_20


def pom(artifact: str, version: str) -> dict[str, bytes]:
    text = f"# a comment\ngroupId=org.apache.flink\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/org.apache.flink/{artifact}/pom.properties": text.encode()}


def java_class(java: int) -> bytes:
    return struct.pack(">IHH", 0xCAFEBABE, 0, java + 44) + b"\0" * 8


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01" + b"\0" * 12 + struct.pack("<H", machine)


def wheel(tag: str) -> dict[str, bytes]:
    return {"dep/numpy-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode()}


@pytest.fixture
def problems(write_archive: Callable[..., Path]) -> Callable[..., list[str]]:
    def find(
        files: dict[str, bytes | None], runtime: FlinkRuntime = RUNTIME, entry_point: str | None = None
    ) -> list[str]:
        archive = CodeArchive.open(write_archive(files))
        return find_problems(archive, runtime=runtime, entry_point=entry_point)

    return find


def test_a_complete_archive_has_no_problem(problems: Callable[..., list[str]]) -> None:
    files = {
        "generator.py": b"pass\n",
        "dep/job/__init__.py": b"",
        "dep/numpy/core.cpython-311-x86_64-linux-gnu.so": elf(62),
        **wheel("cp311-cp311-manylinux_2_17_x86_64"),
        "lib/pyflink-dependencies.jar": make_jar(
            {
                **pom("flink-connector-kafka", "3.4.0-1.20"),
                **pom("flink-connector-base", "1.20.5"),
                **pom("flink-sql-connector-mysql-cdc", "3.2.1"),
                **pom("flink-shaded-guava", "31.1-jre-17.0"),
                "io/Job.class": java_class(11),
                "META-INF/versions/17/io/Job.class": java_class(17),
                "module-info.class": java_class(17),
                "io/Empty.class": b"",
            }
        ),
    }
    assert problems(files) == []
    assert problems(files, entry_point="generator.py") == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": None}, "no Python file at its top: put the job's entry point there"),
        ({"main.py": b"def f(:\n"}, "main.py:1 does not compile for Python 3.11"),
        ({"main.py": b"\0"}, "main.py"),
        (
            {"job/__init__.py": b"", "job/sub/__init__.py": b""},
            "job holds Python packages that the job cannot import",
        ),
        ({"site/job/__init__.py": b""}, "since only dep/ is on its path: move the packages into dep/"),
        (
            {"lib/pyflink-dependencies.jar": b"not a zip"},
            "lib/pyflink-dependencies.jar is not a jar, Java could not read it",
        ),
        (
            {"lib/more.jar": make_jar()},
            "at most one jar, it holds lib/more.jar, lib/pyflink-dependencies.jar: shade all connectors into one",
        ),
        (
            {"lib/pyflink-dependencies.jar": make_jar(pom("flink-connector-kafka", "4.0.0-2.0"))},
            "flink-connector-kafka 4.0.0-2.0, which is not built for FLINK-1_20: use flink-connector-kafka 3.4.0-1.20",
        ),
        (
            {"lib/pyflink-dependencies.jar": make_jar(pom("flink-sql-connector-hive", "4.0.0-2.0"))},
            "it has no known release for Flink 1.20",
        ),
        (
            {"lib/pyflink-dependencies.jar": make_jar({"io/Job.class": java_class(17)})},
            "classes for Java 17 .io/Job.class., FLINK-1_20 runs Java 11: compile with --release 11",
        ),
        ({"dep/x/a.pyd": b""}, "dep/x/a.pyd is native code of another system"),
        ({"dep/x/a.dylib": b""}, "dep/x/a.dylib is native code of another system"),
        ({"dep/x/a.so": elf(183)}, "dep/x/a.so is not a library for Linux on x86-64"),
        ({"dep/x/a.so.1": b"\xcf\xfa\xed\xfe"}, "dep/x/a.so.1 is not a library for Linux on x86-64"),
        ({"dep/x/a.cpython-312-x86_64-linux-gnu.so": elf(62)}, "built for Python 3.12, FLINK-1_20 runs 3.11"),
        (wheel("cp311-cp311-macosx_11_0_arm64"), "numpy-1.0 is a wheel for cp311-cp311-macosx_11_0_arm64"),
        (wheel("cp312-cp312-manylinux2014_x86_64"), "MSF needs manylinux2014_x86_64 and Python 3.11"),
        (wheel("py312-none-any"), "MSF needs manylinux2014_x86_64 and Python 3.11"),
        (wheel("py2-none-any"), "MSF needs manylinux2014_x86_64 and Python 3.11"),
        (wheel("cp312-abi3-manylinux2014_x86_64"), "MSF needs manylinux2014_x86_64 and Python 3.11"),
        (wheel("cp311-cp311-manylinux_2_34_x86_64"), "build with `penstock package`"),
        ({"dep/pyflink/__init__.py": b""}, "dep/pyflink is part of MSF's runtime and would clash"),
        ({"dep/__pycache__/a.pyc": b""}, "dep/__pycache__/a.pyc is a cache: remove it"),
        ({".git/HEAD": b""}, ".git/HEAD is a cache"),
        ({".DS_Store": b""}, ".DS_Store is a cache"),
        ({"../evil.py": b""}, "would be unpacked outside the job's folder"),
        ({"/evil.py": b""}, "would be unpacked outside the job's folder"),
        (
            {"penstock-package.json": PackageManifest(runtime="FLINK-2_2").to_json()},
            "it was built for FLINK-2_2, and is to run on FLINK-1_20: build it for that runtime",
        ),
        (
            {
                "penstock-package.json": PackageManifest(runtime="FLINK-1_20", packages=("job",)).to_json(),
                "dep/job/bad.py": b"x = (\n",
            },
            "dep/job/bad.py:1 does not compile",
        ),
    ],
)
def test_each_problem_is_found_and_says_its_fix(
    problems: Callable[..., list[str]], files: dict[str, bytes | None], expected: str
) -> None:
    (problem,) = problems(files)
    assert expected.replace(".io/Job.class.", "(io/Job.class)") in problem


@pytest.mark.parametrize(
    "tag",
    [
        "py3-none-any",
        "py2.py3-none-any",
        "py310-none-any",
        "py311-none-any",
        "cp38-abi3-manylinux2014_x86_64",
        "cp311-none-manylinux1_x86_64",
    ],
)
def test_wheels_that_msf_can_load_are_accepted(problems: Callable[..., list[str]], tag: str) -> None:
    assert problems(wheel(tag)) == []


def test_a_job_without_java_dependencies_needs_no_jar(write_archive: Callable[..., Path]) -> None:
    archive = CodeArchive.open(write_archive({"lib/pyflink-dependencies.jar": None}))
    assert find_problems(archive, runtime=RUNTIME) == []
    assert PyFlinkLayout.of(archive, entry_point="main.py").run_options() == {"python": "main.py"}


def test_a_jar_inside_a_python_package_is_not_the_jobs(write_archive: Callable[..., Path]) -> None:
    archive = CodeArchive.open(write_archive({"dep/konlpy/java/aho.jar": b"", "dep/konlpy/__init__.py": b""}))
    assert find_problems(archive, runtime=RUNTIME) == []
    assert PyFlinkLayout.of(archive, entry_point="main.py").jar == "lib/pyflink-dependencies.jar"


def test_a_third_party_module_for_another_python_is_not_compiled(problems: Callable[..., list[str]]) -> None:
    assert problems({"dep/lib2to3/py2.py": b"print 'two'\n"}) == []


def test_an_entry_point_that_is_not_there_is_named_with_those_that_are(problems: Callable[..., list[str]]) -> None:
    (problem,) = problems({"a.py": b"", "b.py": b"", "main.py": None}, entry_point="main.py")
    assert problem == "entry point 'main.py' is not in it, at its top is a.py, b.py: choose one of those as entry_point"


def test_a_runtime_without_python_is_named(problems: Callable[..., list[str]]) -> None:
    files = wheel("py3-none-any")
    assert "FLINK-1_8 runs no Python jobs" in problems(files, runtime=FlinkRuntime.FLINK_1_8)[0]


def test_an_archive_that_is_too_large_names_what_is_largest(write_archive: Callable[..., Path]) -> None:
    small = CodeArchive.open(write_archive())
    large = CodeArchive(path=small.path, size_bytes=CODE_ARCHIVE_MAX_BYTES + 1, entries=small.entries)
    (problem,) = find_problems(large, runtime=RUNTIME)
    assert "it has 512 MiB, MSF takes at most 512: leave out" in problem
    assert "lib/pyflink-dependencies.jar (0 MiB)" in problem
    limit = CodeArchive(path=small.path, size_bytes=CODE_ARCHIVE_MAX_BYTES, entries=small.entries)
    assert find_problems(limit, runtime=RUNTIME) == []


def test_all_problems_are_reported_at_once(write_archive: Callable[..., Path]) -> None:
    archive = CodeArchive.open(write_archive({"main.py": b"(\n", "lib/more.jar": make_jar()}))
    with pytest.raises(PackagingError) as error:
        check_archive(archive, runtime=RUNTIME)
    assert "would not run:\n  - main.py:1" in str(error.value)
    assert "\n  - MSF takes at most one jar" in str(error.value)


def test_a_jar_is_checked_for_its_connectors_and_secrets(tmp_path: Path) -> None:
    path = tmp_path / "job.jar"
    path.write_bytes(make_jar({**pom("flink-connector-kafka", "5.0.0-2.2"), "server.key": b""}))
    connector, secret = find_problems(CodeArchive.open(path), runtime=RUNTIME)
    assert "job.jar holds flink-connector-kafka 5.0.0-2.2" in connector
    assert "server.key in job.jar looks like a secret" in secret


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("job.tar", b"", "must be a .zip or a .jar"),
        ("job.zip", None, "there is no code archive .*penstock package FOLDER"),
        ("job.zip", b"no zip", "is not a zip archive"),
    ],
)
def test_a_path_that_is_not_an_archive_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PackagingError, match=message):
        CodeArchive.open(path)
