"""The map of CONTRIBUTING shows the packages and imports that exist, and a recipe the files that an example has."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.architecture.test_layers import LIBRARY, imported
from tests.docs.fences import ROOT, all_fences
from tests.test_docs import tracked

if TYPE_CHECKING:
    from pathlib import Path

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
EXAMPLES = {
    "construct": r"ServerlessKafkaCluster\b|AWS::MSK::ServerlessCluster",
    "custom resource": r"kafka_bootstrap_brokers|KafkaBootstrap(Brokers|Servers)|get_bootstrap_brokers",
    "check": r"\bMSF9\b",
    "environment setting": r"\blog_retention_days\b",
}
"""By recipe, what the files of its real example contain."""


def test_every_package_is_on_the_map() -> None:
    packages = {init.parent.name for init in LIBRARY.glob("*/__init__.py")}
    assert packages <= nodes()
    for name in nodes() - packages:
        assert (ROOT / name).is_dir(), f"the map shows {name}, which does not exist"


def test_every_arrow_of_the_map_is_an_import() -> None:
    drawn = arrows("-->")
    assert drawn
    assert {(start, end) for start, end in drawn if end not in imported_packages(start)} == set()
    ends = {name for arrow in drawn | arrows("-.->") for name in arrow}
    assert {init.parent.name for init in LIBRARY.glob("*/__init__.py")} <= ends <= nodes()


def test_an_import_that_is_not_on_the_map_leads_through_another_package() -> None:
    drawn = arrows("-->")
    reached = {start: reachable(start, drawn) for start in nodes()}
    for start in nodes():
        assert imported_packages(start) - {start} <= reached[start], start


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_file_of_a_recipe_is_one_that_its_example_has(kind: str) -> None:
    have = files_of_the_example(kind)
    for row in recipe(kind):
        assert {path for path in matches(row) if path in have}, f"{row} is not touched by the example"


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_file_of_an_example_is_in_its_recipe(kind: str) -> None:
    listed = {path for row in recipe(kind) for path in matches(row)}
    uses_it = {CONTRIBUTING, ROOT / "CHANGELOG.md", *(ROOT / "constructs/cdk_penstock/cli").glob("*")}
    assert files_of_the_example(kind) - listed - uses_it == set()


def test_every_recipe_has_an_example() -> None:
    titles = re.findall(r"^### Add an? (.+)$", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles == list(EXAMPLES)


def test_every_path_that_contributing_names_exists() -> None:
    paths = re.findall(r"`([\w*./-]+/[\w*./-]*)`", CONTRIBUTING.read_text(encoding="utf-8"))
    from_the_top = {path for path in paths if (ROOT / path.partition("/")[0]).is_dir()}
    assert from_the_top
    assert {path for path in from_the_top if not list(matches(path))} == set()


def map_lines() -> list[str]:
    (fence,) = [fence for fence in all_fences("mermaid") if fence.page == CONTRIBUTING]
    return fence.text.splitlines()


def nodes() -> set[str]:
    return {match[1] for line in map_lines() if (match := re.fullmatch(r'\s+(\w+)\["[^"]+"\]', line))}


def arrows(kind: str) -> set[tuple[str, str]]:
    lines = (line.split(f" {kind} ") for line in map_lines())
    return {(line[0].strip(), line[1].strip()) for line in lines if line[1:]}


@cache
def imported_packages(name: str) -> frozenset[str]:
    """Return the packages of the library that the files of a node import."""
    folder = LIBRARY / name if (LIBRARY / name).is_dir() else ROOT / name
    names = {name for path in folder.rglob("*.py") for name in imported(path)}
    return frozenset(name.split(".")[1] for name in names if name.startswith("cdk_penstock."))


def reachable(start: str, drawn: set[tuple[str, str]]) -> set[str]:
    found = {end for first, end in drawn if first == start}
    return found.union(*(reachable(end, drawn) for end in found))


def recipe(kind: str) -> list[str]:
    """Return the first column of a recipe's table."""
    sections = re.split(r"^(#+ .+)$", CONTRIBUTING.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (body,) = [body for title, body in pairwise(sections) if re.fullmatch(f"### Add an? {kind}", title)]
    return re.findall(r"^\| `([^`]+)` \|", body, re.MULTILINE)


def matches(path: str) -> list[Path]:
    """Return the files that a path stands for: words in capitals stand for any name."""
    return [ROOT / path] if (ROOT / path).exists() else sorted(ROOT.glob(re.sub(r"[A-Z]{3,}", "*", path)))


@cache
def files_of_the_example(kind: str) -> frozenset[Path]:
    texts = {".py", ".md", ".toml", ".json"}
    candidates = [path for path in tracked() if path.suffix in texts and path.name != "test_map_and_recipes.py"]
    return frozenset(path for path in candidates if re.search(EXAMPLES[kind], path.read_text(encoding="utf-8")))
