from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError, PyFlinkProject, build_package
from cdk_penstock.packaging.job_folder import read_file

RUNTIME = FlinkRuntime.FLINK_1_20


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Return a job with one package, beside which there are other files."""
    folder = tmp_path / "job"
    (folder / "pkg" / "data").mkdir(parents=True)
    (folder / "main.py").write_text("import pkg\n")
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "pkg" / "data" / "models.csv").write_text("a,b\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret\n")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(PackagingError) as error:
        build_package(PyFlinkProject(folder), runtime=RUNTIME)
    assert str(error.value).startswith(f"{folder} cannot be packed:\n  - ")
    assert not (folder / ".penstock").exists()
    return str(error.value)


@pytest.mark.parametrize(
    ("link", "target", "expected"),
    [
        ("pkg/data.txt", "/etc/passwd", "'pkg/data.txt' is a link out of the folder, to "),
        ("pkg/linked", "../../outside", "'pkg/linked' is a link out of the folder, to "),
        ("pkg/up", "../..", "'pkg/up' is a link out of the folder, to "),
        ("other.py", "../outside/secret.txt", "'other.py' is a link out of the folder, to "),
        ("notes/linked", "../../outside", "'notes/linked' is a link out of the folder, to "),
        ("requirements.txt", "/etc/hostname", "'requirements.txt' is a link out of the folder, to "),
        ("pkg/loop", ".", "'pkg/loop' is a link to a folder around it, so following it would never end: remove it"),
        ("pkg/data/loop", "../..", "'pkg/data/loop' is a link to a folder around it"),
        ("pkg/self", "self", "'pkg/self' cannot be followed to a file, it is a link to self: remove it"),
        ("pkg/gone.csv", "gone", "'pkg/gone.csv' cannot be followed to a file, it is a link to gone: remove it"),
        ("main2.py", "gone.py", "'main2.py' cannot be followed to a file, it is a link to gone.py: remove it"),
    ],
)
def test_links_that_lead_out_around_or_nowhere_are_refused(job: Path, link: str, target: str, expected: str) -> None:
    (job / link).parent.mkdir(exist_ok=True)
    (job / link).symlink_to(target)
    assert expected in refusal(job)


def test_two_links_into_each_other_are_refused(job: Path) -> None:
    for name, target in (("pkg/a/x", "../b"), ("pkg/b/y", "../a")):
        (job / name).parent.mkdir(exist_ok=True)
        (job / name).symlink_to(target)
    told = refusal(job)
    assert "'pkg/a/x/y' is a link to a folder around it" in told
    assert "'pkg/b/y/x' is a link to a folder around it" in told


def test_a_link_within_the_folder_is_packed_as_its_target(job: Path) -> None:
    (job / "pkg" / "same.csv").symlink_to("data/models.csv")
    (job / "pkg" / "again").symlink_to("data")
    sources = PyFlinkProject(job).sources()
    assert sources["dep/pkg/same.csv"] == sources["dep/pkg/again/models.csv"] == b"a,b\n"


def test_a_job_folder_may_itself_be_reached_by_a_link(job: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(job)
    assert "dep/pkg/data/models.csv" in PyFlinkProject(tmp_path / "link").sources()


def test_pipes_sockets_and_devices_are_refused_at_once(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(job / "pkg" / "pipe")
    monkeypatch.chdir(job)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("pkg/sock")
        told = refusal(job)
    assert "'pkg/pipe' is a named pipe, not a file: remove it" in told
    assert "'pkg/sock' is a socket, not a file: remove it" in told
    (job / "pkg" / "null").symlink_to("/dev/null")
    assert "'pkg/null' is a device, not a file: remove it" in refusal(job)


def test_links_in_ignored_folders_are_accepted(job: Path) -> None:
    (job / ".venv" / "bin").mkdir(parents=True)
    (job / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    (job / "node_modules").symlink_to("/usr/lib")
    (job / "tests").symlink_to("../outside")
    assert "main.py" in PyFlinkProject(job).sources()


@pytest.mark.parametrize("name", [".#main.py", "pkg/.#__init__.py", "#main.py#", "main.py~", "pkg/.__init__.py.swp"])
def test_files_of_editors_are_ignored(job: Path, name: str) -> None:
    before = PyFlinkProject(job).fingerprint()
    (job / name).symlink_to("user@host.1234:1700000000")
    assert PyFlinkProject(job).fingerprint() == before


def test_a_name_that_is_not_utf_8_is_refused(job: Path) -> None:
    (job / "pkg" / os.fsdecode(b"caf\xe9.csv")).write_text("")
    assert r"'pkg/caf\udce9.csv' has a name that is not UTF-8: rename it" in refusal(job)


def test_a_file_that_cannot_be_read_is_named(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PackagingError, match="cannot read .*models.csv: Permission denied"):
        read_file(job / "pkg" / "data" / "models.csv")
    with pytest.raises(PackagingError, match="cannot read .*: Permission denied"):
        build_package(PyFlinkProject(job), runtime=RUNTIME)


def test_a_folder_that_cannot_be_read_is_named(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "data":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "pkg/data cannot be read (Permission denied): allow reading it" in refusal(job)


def test_builds_need_a_folder_for_themselves(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (job / ".penstock").write_text("")
    with pytest.raises(PackagingError, match=".penstock is a file, but builds need a folder of that name: rename"):
        build_package(PyFlinkProject(job), runtime=RUNTIME)
    (job / ".penstock").unlink()

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PackagingError, match="cannot write builds into .*.penstock .Permission denied.: make "):
        build_package(PyFlinkProject(job), runtime=RUNTIME)


def test_a_path_that_is_not_a_job_folder_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="there is no job folder .*nowhere .looked for in .*: give the folder"):
        PyFlinkProject(tmp_path / "nowhere")
    (tmp_path / "job.zip").write_bytes(b"")
    with pytest.raises(PackagingError, match="job.zip is a file, .*: for a finished zip or jar use Applicat"):
        PyFlinkProject(tmp_path / "job.zip")


def test_all_problems_of_a_folder_are_reported_at_once(job: Path) -> None:
    (job / "pkg" / "a").symlink_to("/etc")
    (job / "pkg" / "b").symlink_to("b")
    assert refusal(job).count("\n  - ") == 2


def test_the_packed_files_have_not_changed(job: Path) -> None:
    package = build_package(PyFlinkProject(job), runtime=RUNTIME)
    names = ["dep/pkg/__init__.py", "dep/pkg/data/models.csv", "main.py", "penstock-package.json"]
    assert sorted(CodeArchive.open(package.path).entries) == names
