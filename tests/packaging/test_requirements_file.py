from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PackagingError
from cdk_penstock.packaging.requirements_file import check_requirements, pins, read_requirements
from cdk_penstock.packaging.third_party import fetch_packages
from tests.packaging.test_third_party import write_requirements

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = FlinkRuntime.FLINK_1_20


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
def test_files_of_windows_editors_are_read_as_pip_reads_them(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requirements.txt").write_bytes(content)
    assert [pin.line for pin in pins(read_requirements(tmp_path / "requirements.txt"), RUNTIME)] == ["alpha==1.0"]


@pytest.mark.parametrize("content", [b"alpha==1.0 # caf\xe9\n", "alpha==1.0\n".encode("utf-16-le"), b"\xff\xfea"])
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requirements.txt").write_bytes(content)
    with pytest.raises(PackagingError, match="requirements.txt .*: save it as UTF-8"):
        fetch_packages(tmp_path / "requirements.txt", RUNTIME)


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
def test_requirements_that_msf_cannot_install_are_refused(tmp_path: Path, line: str, problem: str) -> None:
    assert problem in check_requirements(line)[0]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(line)
    with pytest.raises(PackagingError, match="requirements.txt would not run"):
        fetch_packages(requirements, RUNTIME)
