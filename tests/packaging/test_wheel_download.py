from __future__ import annotations

import sys
import venv
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PackagingError
from cdk_penstock.packaging.third_party import fetch_packages
from cdk_penstock.packaging.wheel import Wheel
from cdk_penstock.packaging.wheel_download import explain_failure
from tests.packaging.test_third_party import write_requirements, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.build

RUNTIME = FlinkRuntime.FLINK_1_20


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


def test_a_missing_package_and_a_missing_release_have_different_messages(tmp_path: Path, index: Path) -> None:
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
def test_an_index_that_cannot_be_reached_is_not_a_missing_wheel(
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
def test_answers_of_an_index_are_understood(
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


def test_a_successful_retry_is_not_a_lost_network() -> None:
    log = "Retrying after connection broken by 'X'\nFound link https://a/alpha-1.0-py3-none-any.whl, version: 1.0"
    stderr = "ERROR: No matching distribution found for alpha==2.0"
    assert explain_failure(stderr, log, RUNTIME).startswith("there is no release alpha==2.0")


def test_an_environment_without_pip_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    with pytest.raises(PackagingError, match="venv/bin/python has no pip, .* install it .`uv pip install pip` in an"):
        fetch_packages(write_requirements(tmp_path, "alpha==1.0\n"), RUNTIME)
    told = explain_failure("/venv/bin/python: No module named pip\n", "", RUNTIME)
    assert "has no pip, which fetches the packages: install it (`uv pip install pip` in an environment that uv" in told
    assert told.endswith("    /venv/bin/python: No module named pip")


def test_other_output_of_pip_is_shown(tmp_path: Path, index: Path) -> None:
    (index / "alpha-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("alpha==1.0\n")
    with pytest.raises(PackagingError, match="pip could not fetch the packages for manylinux2014_x86_64:\n"):
        fetch_packages(requirements, RUNTIME)


def test_a_hash_that_does_not_match_is_reported_in_pips_words(tmp_path: Path, index: Path) -> None:
    write_wheel(index, "alpha", "py3-none-any")
    requirements = write_requirements(tmp_path, f"alpha==1.0 ; python_version < '3.12' --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackagingError, match="could not fetch .*\n(.*\n)*.*Expected sha256 0000"):
        fetch_packages(requirements, RUNTIME)


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
