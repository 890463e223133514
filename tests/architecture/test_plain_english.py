"""Rules of the language of the project: summaries of docstrings, and sources that a reader can find."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]

QUESTION: Final = re.compile(r"(?:What|Where|Who|Whom|Whose|Whether|How|Which|Why|When)\b")
REQUIREMENT_NUMBER: Final = re.compile(r"\bR\d{3}\b")


def files() -> tuple[Path, ...]:
    """Return the files that are committed, or will be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(path for name in names if name and (path := ROOT / name).is_file())


def questions() -> Iterator[str]:
    """Yield the summaries that are questions: of docstrings, and of texts that describe a constant or an attribute."""
    for path in files():
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    summary = str(node.value.value).partition("\n")[0]
                    if QUESTION.match(summary):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}: {summary}"


def citations() -> Iterator[str]:
    """Yield the requirement numbers that are cited."""
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number in REQUIREMENT_NUMBER.findall(text):
            yield f"{path.relative_to(ROOT)}: {number}"


def test_a_summary_is_a_noun_phrase_or_an_imperative_and_no_question() -> None:
    assert list(questions()) == []


def test_no_file_cites_a_number_of_a_list_that_is_not_in_the_repository() -> None:
    assert list(citations()) == []


@pytest.mark.parametrize("word", ["What", "Where", "Who", "Whom", "Whose", "Whether", "How", "Which", "Why", "When"])
def test_a_question_is_recognized(word: str) -> None:
    assert QUESTION.match(f"{word} a job needs.")
    assert not QUESTION.match(f"{word}ever a job needs.")
    assert not QUESTION.match(f"Return {word.lower()} a job needs.")
