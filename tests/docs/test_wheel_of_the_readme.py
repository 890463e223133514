"""README's section on the wheel: how it is made, and what it leaves out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.docs.fences import ROOT

SECTION = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Install\n")[2].partition("\n## ")[0]


@pytest.mark.build
def test_the_wheel_that_make_builds_is_the_library_alone(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "constructs", tmp_path / "constructs", ignore=shutil.ignore_patterns("__pycache__"))
    left = tmp_path / "build" / "lib" / "cdk_penstock" / "of_an_earlier_version.py"
    left.parent.mkdir(parents=True)
    left.touch()
    venv = Path(sys.prefix)
    made = f"{venv}/.installed"  # the environment of this test, which nothing is to install again
    subprocess.run(["make", "-o", made, "wheel", f"VENV={venv}"], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name in SECTION
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"cdk_penstock"}
    assert "cdk_penstock/of_an_earlier_version.py" not in names
    left_out = re.findall(r"`(\w+/|app\.py)`", SECTION)
    assert {"environments/", "stacks/", "app.py", "flink_app/"} == set(left_out)
    assert all((ROOT / each).exists() for each in left_out)


@pytest.mark.parametrize(("name", "ignored"), [("job.zip", True), ("dist/x.whl", True), ("cdk.context.json", False)])
def test_git_takes_what_the_guides_say_it_does(name: str, ignored: bool) -> None:
    done = subprocess.run(["git", "check-ignore", "--no-index", "-q", name], cwd=ROOT, check=False)
    assert (done.returncode == 0) == ignored
