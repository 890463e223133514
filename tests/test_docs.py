from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])

OTHER_PENSTOCK = re.compile(r"pip install[^`\n]*[ '\"]penstock(?![-.\w/])")


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_give_what_it_shows(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        assert (page.parent / target).exists(), target
        if anchor:
            assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a git host makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    # Written in parts, so that this file does not name them itself.
    names = "|".join(
        ["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "repo1?" + r"\.maven", "/ro" + "ot/"]
    )
    for path in tracked():
        if path.suffix not in {".zip", ".jar", ".png", ".gz"}:
            assert not re.search(names, path.read_text(encoding="utf-8")), path


def test_no_text_installs_the_other_penstock() -> None:
    for path in tracked():
        if path.suffix in {".md", ".py", ".toml", ".sh", ""} and ROOT / "tests" not in path.parents:
            text = path.read_text(encoding="utf-8")
            assert not OTHER_PENSTOCK.search(text), path


@pytest.mark.parametrize(
    ("command", "is_other"),
    [
        ("pip install penstock", True),
        ("pip install -U 'penstock[local]'", True),
        ("pip install dist/cdk_penstock-*.whl", False),
        ("pip install 'cdk_penstock-0.1.0-py3-none-any.whl[local]'", False),
    ],
)
def test_the_other_penstock_is_told_from_the_wheel(command: str, is_other: bool) -> None:
    assert bool(OTHER_PENSTOCK.search(command)) == is_other
