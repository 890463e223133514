"""Every example in Python passes mypy as strictly as the library itself, with what a page takes for given typed."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from tests.docs.fences import ROOT, all_fences, name_of
from tests.docs.prelude import Prelude, names_taken_for_given

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def declared(names: Iterable[str], prelude: Prelude) -> str:
    """Return declarations of names by the types of what stands for them."""
    lines = []
    for name in names:
        kind = type(prelude.get(name))
        lines += [f"from {kind.__module__} import {kind.__qualname__} as given_{name}", f"{name}: given_{name}"]
    return "\n".join(["from __future__ import annotations", *lines, ""])


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    # With the cache of `make lint`, which comes first: seconds instead of a minute.
    command = [sys.executable, "-m", "mypy", *map(str, sorted(folder.glob("*.py")))]
    environment = os.environ | {"MYPYPATH": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_examples_of_all_pages_pass_the_type_checker(job_zip: Path, tmp_path: Path) -> None:
    fences = [fence for fence in all_fences("python") if not fence.is_doctest]
    for page, group in groupby(fences, key=lambda fence: fence.page):
        code = "\n\n".join(fence.text for fence in group)
        given = declared(names_taken_for_given(code), Prelude(job_zip))
        (tmp_path / f"guide_{name_of(page).translate(str.maketrans('/.-', '___'))}.py").write_text(given + code)
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout


def test_an_example_with_a_wrong_type_is_found(tmp_path: Path, job_zip: Path) -> None:
    code = "application.add_property_group('input', 5)\n"
    (tmp_path / "guide_wrong.py").write_text(declared(["application"], Prelude(job_zip)) + code)
    assert 'incompatible type "int"' in check(tmp_path).stdout
