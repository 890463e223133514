from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.application import ApplicationCode, PyFlinkApplication
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError, check_archive, find_problems
from cdk_penstock.packaging.archive_damage import find_damage
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable

RUNTIME = FlinkRuntime.FLINK_1_20
GIB = 1024**3

CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"


def change_header(content: bytes, *, local: int, central: int, value: bytes) -> bytes:
    """Return a zip of one file with other bytes at these offsets of its headers."""
    changed = bytearray(content)
    for mark, offset in ((LOCAL, local), (CENTRAL, central)):
        start = content.index(mark) + offset
        changed[start : start + len(value)] = value
    return bytes(changed)


def main_zip(method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("main.py", "print('a job')\n")
    return buffer.getvalue()


def encrypted() -> bytes:
    return change_header(main_zip(), local=6, central=8, value=struct.pack("<H", 1))


def bad_crc() -> bytes:
    return main_zip().replace(b"a job", b"a jab")


def bad_deflate() -> bytes:
    content = bytearray(main_zip(zipfile.ZIP_DEFLATED))
    content[content.index(b"main.py") + 7 : content.index(CENTRAL)] = b"\xff" * (content.index(CENTRAL) - 37)
    return bytes(content)


def method(number: int) -> bytes:
    return change_header(main_zip(), local=8, central=10, value=struct.pack("<H", number))


def unpacks_to(size: int) -> bytes:
    """Return a zip whose table of contents promises this size, as a zip bomb's does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.py", "")
        archive.filelist[0].file_size = size
    return buffer.getvalue()


def with_manifest(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "")
        archive.writestr("penstock-package.json", content)
    return buffer.getvalue()


DAMAGED = {
    "encrypted": (encrypted(), "main.py is encrypted, and MSF has no password: zip it without one"),
    "crc": (bad_crc(), "main.py is damaged (Bad CRC-32 for file 'main.py'): build or download the archive again"),
    "deflate": (bad_deflate(), "main.py is damaged (Error -3 while decompressing data"),
    "bzip2": (main_zip(zipfile.ZIP_BZIP2), "main.py is compressed by method 12, Java reads only 0 (stored) and 8"),
    "lzma": (main_zip(zipfile.ZIP_LZMA), "main.py is compressed by method 14"),
    "unknown": (method(99), "main.py is compressed by method 99"),
    "bomb": (
        unpacks_to(2 * GIB),
        "unpack to 2.0 GiB, more than 10 times its size: leave out main.py (2.0 GiB)",
    ),
    "no json": (with_manifest(b"{"), "penstock-package.json was not written by penstock (it is not JSON): build"),
    "deep json": (with_manifest(b"[" * 100_000), "penstock-package.json was not written by penstock (it is not JSON)"),
    "no text": (with_manifest(b"\xff\xfe\xff"), "(it is not JSON)"),
    "empty": (with_manifest(b"{}"), "(runtime is None, expected one as FLINK-1_20)"),
    "list": (with_manifest(b"[1]"), "(got list, expected an object)"),
    "number": (with_manifest(b'{"runtime": 1, "packages": []}'), "(runtime is 1, expected one as FLINK-1_20)"),
    "text": (with_manifest(b'{"runtime": null, "packages": "job"}'), "(packages is 'job', expected a list of names)"),
    "no names": (with_manifest(b'{"runtime": null, "packages": [1]}'), "(packages is [1], expected a list of names)"),
    "large": (with_manifest(b" " * (1024 * 1024 + 1)), "(it has 1048577 bytes)"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_zip_that_cannot_be_unpacked_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    content, expected = DAMAGED[kind]
    path = tmp_path / "job.zip"
    path.write_bytes(content)
    (problem,) = find_problems(CodeArchive.open(path), runtime=RUNTIME)
    assert expected in problem


@pytest.mark.parametrize("kind", ["encrypted", "crc", "unknown", "bomb", "empty"])
def test_an_application_refuses_a_damaged_zip_like_the_command(tmp_path: Path, kind: str) -> None:
    content, expected = DAMAGED[kind]
    path = tmp_path / "job.zip"
    path.write_bytes(content)
    with pytest.raises(PackagingError) as error:
        PyFlinkApplication(Stack(App(), "Stack"), "App", code=ApplicationCode.from_asset(path), application_name="a")
    assert expected in str(error.value)


def test_files_that_shrink_like_code_may_be_large() -> None:
    with zipfile.ZipFile(io.BytesIO(unpacks_to(GIB + 1))) as archive:
        assert find_damage(archive, size_bytes=GIB // 3) == []
        assert "it would unpack to 1.0 GiB" in find_damage(archive, size_bytes=GIB // 30)[0]
    with zipfile.ZipFile(io.BytesIO(unpacks_to(GIB))) as archive:
        assert find_damage(archive, size_bytes=100) == []


def test_a_jar_in_the_zip_is_checked_in_the_same_way(write_archive: Callable[..., Path]) -> None:
    name = "lib/pyflink-dependencies.jar"
    for kind in ("encrypted", "crc", "unknown", "bomb"):
        content, expected = DAMAGED[kind]
        (problem,) = find_problems(CodeArchive.open(write_archive({name: content})), runtime=RUNTIME)
        assert problem.startswith(f"in {name}, ")
        assert expected in problem
    cut = make_jar({"a.txt": b"a"})
    cut = cut[: cut.index(CENTRAL)] + cut[cut.index(CENTRAL) + 4 :]
    (problem,) = find_problems(CodeArchive.open(write_archive({name: cut})), runtime=RUNTIME)
    assert problem.startswith((f"{name} is damaged", f"{name} is not a jar"))


def test_a_jar_of_a_java_job_is_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "job.jar"
    path.write_bytes(bad_crc())
    with pytest.raises(PackagingError, match="job.jar would not run:\n  - main.py is damaged"):
        check_archive(CodeArchive.open(path), runtime=RUNTIME)


@pytest.mark.parametrize(
    "name",
    [
        "C:\\evil.py",
        "c:/evil.py",
        "dep\\..\\..\\y.py",
        "dep\\x.py",
        "\\\\host\\x.py",
        "../x",
        "a/../../x",
        "/x",
        "a/..",
        "..",
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(write_archive: Callable[..., Path], name: str) -> None:
    problems = find_problems(CodeArchive.open(write_archive({name: b""})), runtime=RUNTIME)
    assert any(problem.startswith(f"{name} would be unpacked outside the job's folder") for problem in problems)


@pytest.mark.parametrize("name", ["dep/a..b.py", "dep/..x.py", "dep/x:y.py", "dep/.hidden", "dep/é.py", "dep/a b.py"])
def test_unusual_names_below_the_folder_are_accepted(write_archive: Callable[..., Path], name: str) -> None:
    assert find_problems(CodeArchive.open(write_archive({name: b""})), runtime=RUNTIME) == []


def test_control_characters_in_a_name_are_refused(write_archive: Callable[..., Path]) -> None:
    (problem,) = find_problems(CodeArchive.open(write_archive({"dep/a\nb.txt": b""})), runtime=RUNTIME)
    assert problem == r"'dep/a\nb.txt' has control characters in its name: rename it"


def test_a_link_and_a_repeated_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.zip"
    link = zipfile.ZipInfo("dep/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("main.py", "")
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("main.py", "x = 1\n")
    linked, twice = find_problems(CodeArchive.open(path), runtime=RUNTIME)
    assert linked == "dep/link is a link, which MSF would not follow: put the file itself there"
    assert twice == "main.py is there 2 times, and it is undefined which one is unpacked: keep one"


@pytest.mark.parametrize("content", [b"x = 1\n" * 800_000, b"(" * 100_000, b"-" * 200_000 + b"1"])
def test_python_that_does_not_compile_or_is_too_large_is_refused_quickly(
    write_archive: Callable[..., Path], content: bytes
) -> None:
    (problem,) = find_problems(CodeArchive.open(write_archive({"main.py": content})), runtime=RUNTIME)
    assert (
        "main.py is 5 MiB of Python, expected at most 4" in problem or "does not compile for Python 3.11: " in problem
    )


def test_an_upper_case_suffix_is_a_suffix(write_archive: Callable[..., Path], tmp_path: Path) -> None:
    archive = CodeArchive.open(write_archive(name="UPPER.ZIP"))
    assert archive.is_python
    assert find_problems(archive, runtime=RUNTIME) == []
    (tmp_path / "job.Jar").write_bytes(make_jar())
    assert not CodeArchive.open(tmp_path / "job.Jar").is_python


def test_a_folder_and_a_missing_path_have_different_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dir.zip").mkdir()
    with pytest.raises(PackagingError, match="got the folder .*dir.zip: build it with `penstock package "):
        CodeArchive.open(tmp_path / "dir.zip")
    with pytest.raises(PackagingError, match="there is no nosuchdir .looked for in .*: give a job's folder, a .zip or"):
        CodeArchive.open(Path("nosuchdir"))
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(PackagingError, match="code must be a .zip or a .jar, got .*pipe.zip"):
        CodeArchive.open(tmp_path / "pipe.zip")
    (tmp_path / "loop.zip").symlink_to("loop.zip")
    with pytest.raises(PackagingError, match="there is no code archive .*loop.zip"):
        CodeArchive.open(tmp_path / "loop.zip")
    (tmp_path / "mine.zip").write_bytes(main_zip())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    with pytest.raises(PackagingError, match="cannot read .*mine.zip: Permission denied"):
        CodeArchive.open(tmp_path / "mine.zip")


def test_entry_points_in_folders_are_accepted_when_named(write_archive: Callable[..., Path]) -> None:
    files = {"main.py": None, "lib/pyflink-dependencies.jar": None, "GettingStarted/getting-started.py": b"x = 1\n"}
    archive = CodeArchive.open(write_archive({**files, "GettingStarted/lib/flink.jar": b"text"}))
    named = "GettingStarted/getting-started.py"
    assert find_problems(archive, runtime=RUNTIME, entry_point=named) == [
        "GettingStarted/lib/flink.jar is not a jar, Java could not read it: build it again"
    ]
    without, _ = find_problems(archive, runtime=RUNTIME)
    assert f"no Python file at its top: there are {named}: name the one with the job (`--entry-point`" in without
    other, _ = find_problems(archive, runtime=RUNTIME, entry_point="main.py")
    assert (
        other == f"entry point 'main.py' is not in it, its Python files are {named}: choose one of those as entry_point"
    )


def test_an_entry_point_must_be_python_and_a_long_list_is_shortened(write_archive: Callable[..., Path]) -> None:
    files = {"main.py": None, **{f"jobs/job{number}.py": b"" for number in range(7)}}
    archive = CodeArchive.open(write_archive(files))
    (problem,) = find_problems(archive, runtime=RUNTIME, entry_point="lib/pyflink-dependencies.jar")
    assert "its Python files are jobs/job0.py, " in problem
    assert "jobs/job4.py and 2 more: choose one of those" in problem
    nothing = CodeArchive.open(write_archive({"main.py": None}))
    (problem,) = find_problems(nothing, runtime=RUNTIME, entry_point="main.py")
    assert "'main.py' is not in it, nor any Python file: put the job's entry point at its top, for example" in problem


@pytest.fixture(scope="module")
def sound(write_archive: Callable[..., Path]) -> bytes:
    manifest = b'{"packages": ["job"], "runtime": "FLINK-1_20"}'
    files = {"penstock-package.json": manifest, "dep/job/__init__.py": b"A = 1\n", "dep/x-1.dist-info/RECORD": b"x,,\n"}
    return write_archive(
        {**files, "lib/pyflink-dependencies.jar": make_jar({"A.class": b"\xca\xfe\xba\xbe"})}
    ).read_bytes()


@given(data=st.data())
def test_every_damage_ends_in_a_message(
    sound: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "job.zip"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        problems = find_problems(CodeArchive.open(path), runtime=RUNTIME)
    except PackagingError as error:
        problems = [str(error)]
    assert all(isinstance(problem, str) and problem for problem in problems)
