"""Every example in Python passes mypy as strictly as the library itself, with what a page takes for given typed."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import ROOT, all_fences, name_of
from tests.docs.prelude import Prelude, names_taken_for_given

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

pytestmark = pytest.mark.build


def declared(names: Iterable[str], prelude: Prelude) -> str:
    """Return declarations of names by the types of what stands for them."""
    lines = []
    for name in names:
        kind = type(prelude.get(name))
        lines += [f"from {kind.__module__} import {kind.__qualname__} as given_{name}", f"{name}: given_{name}"]
    return "\n".join(["from __future__ import annotations", *lines, ""])


def test_the_examples_of_all_pages_pass_the_type_checker(job_zip: Path, tmp_path: Path) -> None:
    fences = [fence for fence in all_fences("python") if not fence.is_doctest]
    pages = {
        name_of(page): "\n\n".join(fence.text for fence in group)
        for page, group in groupby(fences, key=lambda fence: fence.page)
    }
    # One more, to see that a mistake would be found.
    pages["wrong.md"] = "application.add_property_group('input', 5)\n"
    for name, code in pages.items():
        given = declared(names_taken_for_given(code), Prelude(job_zip))
        (tmp_path / f"guide_{name.translate(str.maketrans('/.-', '___'))}.py").write_text(given + code)
    # With the cache of `make lint`, which comes first: seconds instead of a minute.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, sorted(tmp_path.glob("*.py")))],
        cwd=ROOT, env=os.environ | {"MYPYPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (mistake,) = done.stdout.splitlines()
    assert "guide_wrong_md.py:" in mistake
    assert 'has incompatible type "int"' in mistake
