from __future__ import annotations

import base64
import hashlib
import sys
import venv
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from penstock.model.runtimes import FlinkRuntime
from penstock.packaging import PackagingError
from penstock.packaging.requirements_file import check_requirements, pins, read_requirements
from penstock.packaging.third_party import fetch_packages
from penstock.packaging.wheel import Wheel
from penstock.packaging.wheel_download import explain_failure

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("tag", ["cp311-cp311-macosx_11_0_arm64", "cp312-cp312-manylinux2014_x86_64"])
def test_a_package_without_a_wheel_for_msf_is_named(tmp_path: Path, index: Path, tag: str) -> None:
    write_wheel(index, "alpha", tag)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0\n")
    with pytest.raises(PackagingError) as error:
        fetch_packages(requirements, RUNTIME)
    message = str(error.value)
    assert (
        "alpha==1.0 has no wheel for manylinux2014_x86_64 and Python 3.11, and MSF builds none: pin a release"
        in message
    )
    assert f"it has alpha-1.0-{tag}.whl" in message
    assert message.endswith("    ERROR: No matching distribution found for alpha==1.0")


def test_a_package_that_only_has_sources_has_no_wheel(tmp_path: Path, index: Path) -> None:
    (index / "alpha-1.0.tar.gz").write_bytes(b"")
    with pytest.raises(PackagingError, match="has no wheel for .*; it has alpha-1.0.tar.gz\n"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)


def test_a_release_for_another_python_says_for_which(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", python=">=3.12")
    # Only an index says which Python a release is for, so pip has to open a wheel in a folder.
    with pytest.raises(PackagingError, match="requires a different Python: 3.11.0 not in '>=3.12'"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
    log = "Link requires a different Python (3.11.0 not in: '>=3.12'): https://a/alpha-1.0-py3-none-any.whl (from b)"
    stderr = "ERROR: No matching distribution found for alpha==1.0"
    assert explain_failure(stderr, log, RUNTIME).startswith(
        "alpha==1.0 runs on Python >=3.12, FLINK-1_20 has 3.11: pin"
    )


def test_a_package_or_a_release_that_is_not_there_is_told_apart(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any")
    with pytest.raises(
        PackagingError, match="there is no package allpha in the index .*: check its spelling"
    ) as package:
        fetch_packages(write_requirements(tmp_path, "allpha==1.0\n"), RUNTIME)
    with pytest.raises(PackagingError, match="there is no release alpha==99.0 .*, the newest are 1.0\n") as release:
        fetch_packages(write_requirements(tmp_path, "alpha==99.0\n"), RUNTIME)
    for error in (package, release):
        assert "    ERROR: No matching distribution found for al" in str(error.value)


@pytest.mark.parametrize(
    "index_url",
    ["http://127.0.0.1:9/simple", "https://no-such-host.invalid/simple", "http://no-such-host.invalid/simple"],
)
def test_an_index_that_cannot_be_reached_is_no_missing_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index_url: str
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", index_url)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(PackagingError, match="pip reached no package index, or it refused: check the network") as error:
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
    assert str(error.value).endswith("    ERROR: No matching distribution found for alpha==1.0")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, "there is no package alpha"), (403, "pip reached no package index"), (503, "pip reached no package index")],
)
def test_what_an_index_answers_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, expected: str
) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, *args: object) -> None: ...

    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
            with pytest.raises(PackagingError, match=expected):
                fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
        finally:
            server.shutdown()
            thread.join()


def test_a_retry_that_came_through_is_no_lost_network() -> None:
    log = "Retrying after connection broken by 'X'\nFound link https://a/alpha-1.0-py3-none-any.whl, version: 1.0"
    stderr = "ERROR: No matching distribution found for alpha==2.0"
    assert explain_failure(stderr, log, RUNTIME).startswith("there is no release alpha==2.0")


def test_what_is_needed_and_cannot_be_fetched_says_by_whom(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="beta>=1")
    write_wheel(index, "beta", "cp311-cp311-win_amd64")
    with pytest.raises(PackagingError, match="txt: not pinned, but needed: beta>=1 .by alpha.; beta>=1 has no wheel"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)


def test_an_environment_without_pip_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    with pytest.raises(PackagingError, match="venv/bin/python has no pip, .* install it .`uv pip install pip` in an"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
    told = explain_failure("/venv/bin/python: No module named pip\n", "", RUNTIME)
    assert "has no pip, which fetches the packages: install it (`uv pip install pip` in an environment that uv" in told
    assert told.endswith("    /venv/bin/python: No module named pip")


def test_what_else_pip_says_is_passed_on(tmp_path: Path, index: Path) -> None:
    (index / "alpha-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0\n")
    with pytest.raises(PackagingError, match="pip could not fetch the packages for manylinux2014_x86_64:\n"):
        fetch_packages(requirements, RUNTIME)


def test_a_hash_that_does_not_match_is_told_in_pips_words(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any")
    requirements = write_requirements(tmp_path, f"alpha==1.0 ; python_version < '3.12' --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackagingError, match="could not fetch .*\n(.*\n)*.*Expected sha256 0000"):
        fetch_packages(requirements, RUNTIME)


def test_a_pin_that_another_package_cannot_use_is_named(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any", requires="beta>=2")
    write_wheel(index, "beta", "py3-none-any")
    with pytest.raises(PackagingError, match="alpha 1.0 needs beta>=2, pinned is 1.0: pin a release that fits"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\nbeta==1.0\n"), RUNTIME)


def test_what_an_extra_needs_must_be_pinned_only_where_the_extra_is_asked_for(tmp_path: Path, index: Path) -> None:
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


def test_one_package_at_two_versions_is_refused(tmp_path: Path) -> None:
    text = "alpha==1.0 ; python_version < '3.12'\nAlpha==2.0 ; sys_platform == 'linux'\n"
    with pytest.raises(PackagingError, match="alpha==1.0 and Alpha==2.0 are both for Python 3.11 on Linux: keep one"):
        fetch_packages(write_requirements(tmp_path, text), RUNTIME)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfalpha==1.0\n",
        "\ufeffalpha==1.0\r\n".encode("utf-16-le"),
        "\ufeffalpha==1.0\r\n".encode("utf-16-be"),
        b"alpha==1.0 \\\r\n  # why\r\n",
    ],
)
def test_what_windows_writes_is_read_as_pip_reads_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requirements.txt").write_bytes(content)
    assert [pin.line for pin in pins(read_requirements(tmp_path / "requirements.txt"), RUNTIME)] == ["alpha==1.0"]


@pytest.mark.parametrize("content", [b"alpha==1.0 # caf\xe9\n", "alpha==1.0\n".encode("utf-16-le"), b"\xff\xfea"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requirements.txt").write_bytes(content)
    with pytest.raises(PackagingError, match="requirements.txt .*: save it as UTF-8"):
        fetch_packages(tmp_path / "requirements.txt", RUNTIME)


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    write_wheel(tmp_path, "alpha", "py3-none-any", requires="not a requirement !")
    path = tmp_path / "alpha-1.0-py3-none-any.whl"
    with pytest.raises(PackagingError, match="alpha-1.0-py3-none-any.whl is a damaged wheel .*: pin another release"):
        Wheel.read(path)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("alpha.py", "")
    with pytest.raises(PackagingError, match="is a damaged wheel .it has no METADATA.: pin another release"):
        Wheel.read(path)
    path.write_bytes(b"")
    with pytest.raises(PackagingError, match="is a damaged wheel .File is not a zip file.: pin another release"):
        Wheel.read(path)


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
