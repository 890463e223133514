"""Rules of the language of the project: summaries of docstrings, and sources that a reader can find."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

NOT_YET: Final = {
    "application",
    "control",
    "encryption",
    "handlers",
    "local",
    "model",
    "model/keys",
    "stacks",
    "tests/control",
    "tests/encryption",
    "tests/flink_app",
    "tests/handlers",
    "tests/stacks",
}
"""Parts of the repository that do not keep the rules yet; each of them must really fail, so that this set shrinks."""

QUESTION: Final = re.compile(r"(?:What|Where|Who|Whom|Whose|Whether|How|Which|Why|When)\b")
REQUIREMENT_NUMBER: Final = re.compile(r"\bR\d{3}\b")


@cache
def files() -> tuple[Path, ...]:
    """Return the files that are committed, or will be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(path for name in names if name and (path := ROOT / name).is_file())


def part_of(path: Path) -> str:
    """Return the part of the repository that a file belongs to: a package of the library, or a folder."""
    folders = path.relative_to(ROOT).parent.parts
    if folders[:2] == ("constructs", "cdk_penstock"):
        folders = folders[2:]
    has_parts = folders[:1] == ("tests",) or folders[:2] == ("model", "keys")
    return "/".join(folders[: 2 if has_parts else 1])


@cache
def questions() -> dict[str, list[str]]:
    """Return the summaries that are questions, by part."""
    found: dict[str, list[str]] = {}
    for path in files():
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    summary = (ast.get_docstring(node) or "").partition("\n")[0]
                    if QUESTION.match(summary):
                        found.setdefault(part_of(path), []).append(f"{path.relative_to(ROOT)}: {summary}")
    return found


@cache
def citations() -> dict[str, list[str]]:
    """Return the requirement numbers that are cited, by part."""
    found: dict[str, list[str]] = {}
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number in REQUIREMENT_NUMBER.findall(text):
            found.setdefault(part_of(path), []).append(f"{path.relative_to(ROOT)}: {number}")
    return found


def test_a_summary_is_a_noun_phrase_or_an_imperative_and_no_question() -> None:
    assert {part: found for part, found in questions().items() if part not in NOT_YET} == {}


def test_no_file_cites_a_number_of_a_list_that_is_not_in_the_repository() -> None:
    assert {part: found for part, found in citations().items() if part not in NOT_YET} == {}


def test_a_part_that_keeps_the_rules_is_no_longer_excepted() -> None:
    assert sorted(NOT_YET - set(questions()) - set(citations())) == []


@pytest.mark.parametrize("word", ["What", "Where", "Who", "Whom", "Whose", "Whether", "How", "Which", "Why", "When"])
def test_a_question_is_recognized(word: str) -> None:
    assert QUESTION.match(f"{word} a job needs.")
    assert not QUESTION.match(f"{word}ever a job needs.")
    assert not QUESTION.match(f"Return {word.lower()} a job needs.")
