from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.packaging.python_syntax import find_syntax_error

if TYPE_CHECKING:
    from pathlib import Path

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
GENERICS = b"def first[T](items: list[T]) -> T: ...\n"  # Python 3.12


@pytest.mark.parametrize("version", ["3.8", "3.10", "3.11", "3.12"])
def test_plain_source_compiles_everywhere(version: str) -> None:
    assert find_syntax_error(b"x = 1\n", "a.py", version) is None


def test_syntax_of_a_later_python_is_found_for_an_earlier_one() -> None:
    source = b"match x:\n    case 1:\n        pass\n"
    assert find_syntax_error(source, "a.py", "3.10") is None
    assert "a.py:3 does not compile for Python 3.8: Pattern matching" in str(find_syntax_error(source, "a.py", "3.8"))


def test_a_newer_python_is_asked_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = tmp_path / "python3.99"
    newer.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    newer.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "a.py does not compile for Python 3.99: SyntaxError" in str(find_syntax_error(b"(\n", "a.py", "3.99"))
    newer.write_text("#!/bin/sh\nexit 0\n")
    assert find_syntax_error(b"(\n", "a.py", "3.99") is None


def test_a_newer_python_that_is_missing_is_named() -> None:
    problem = str(find_syntax_error(b"(\n", "a.py", "3.98"))
    assert f"does not compile for Python {HERE}, and python3.98, the runtime's, is not on the path" in problem
