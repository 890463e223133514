"""The hosted CI runs what `.ci/run` runs, every week too, and each Python that README names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return dict(yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text()))


def commands(workflow: dict[Any, Any], job: str) -> list[str]:
    return [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]


def test_every_check_is_the_one_of_the_readme(workflow: dict[Any, Any]) -> None:
    assert commands(workflow, "all") == [".ci/run"]
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")


def test_it_runs_without_a_change_of_ours_too(workflow: dict[Any, Any]) -> None:
    # YAML 1.1 reads the key `on` as true.
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", workflow[True]["schedule"][0]["cron"])


def test_the_library_is_tested_with_each_python_that_set_up_accepts(workflow: dict[Any, Any]) -> None:
    accepted = re.search(r'need_python "\$base_python" "([0-9. ]+)"', (ROOT / "tools" / "prerequisites.sh").read_text())
    assert accepted
    matrix = workflow["jobs"]["library"]["strategy"]["matrix"]
    assert matrix["python"] == accepted[1].split()
    assert commands(workflow, "library") == ["make check BASE_PYTHON=python${{ matrix.python }}"]


def test_nothing_it_does_may_change_the_repository(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
