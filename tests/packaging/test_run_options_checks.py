from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.packaging import CodeArchive
from cdk_penstock.packaging.run_options_checks import find_run_option_problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar", "pyFiles": "dep/"}, []),
        ({"python": "main.py", "pyFiles": "dep,main.py"}, []),
        ({"pyModule": "job.main", "pyFiles": "dep"}, []),
        ({"python": "main.py", "pyFiles": "dep/,lib/extra.py"}, ["it lacks lib/extra.py"]),
        ({"python": "main.py", "pyArchives": "venv.zip", "jarfile": "job.jar"}, ["it lacks job.jar", "it lacks venv"]),
        ({}, ["it is a zip, but the application has no property group"]),
        ({"jarfile": "lib/pyflink-dependencies.jar"}, ["it is a zip, but the application has no property group"]),
    ],
)
def test_the_paths_of_the_run_options_are_in_the_zip(
    write_archive: Callable[..., Path], options: dict[str, str], problems: list[str]
) -> None:
    archive = CodeArchive.open(write_archive({"dep/job/__init__.py": b""}))
    found = list(find_run_option_problems(archive, options))
    assert len(found) == len(problems)
    for text, beginning in zip(found, problems, strict=True):
        assert text.startswith(beginning)
