"""The guides use one word for one thing, and no phrases that careful readers stumbled over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import PAGES, ROOT, name_of

if TYPE_CHECKING:
    from pathlib import Path

AVOIDED = {
    r"\bstrangers?\b": "somebody else, or the name",
    r"\bmend(s|ed)?\b": "correct",
    r"\bdear(er)?\b": "expensive",
    r"\bgo(es)? off\b": "is raised",
    r"\bfor ever\b": "without end",
    r"\ban own\b": "a new",
    r"\bas it ought\b": "OK",
    r"\bsuch a one\b": "the noun",
    r"\bno more\b(?=[:;.,])": "no longer exists",
    r"\btakes? it that\b": "assumes that",
    r"(?<!Flink's )\bsavepoints?\b": "snapshot",
    r"\bR\d{3}\b": "the page of AWS",
}
"""By phrase, the words to use in its place."""

PAGES_ABOUT_KEYS = ["docs/encryption.md", "docs/keys.md", "docs/runbooks/key.md"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    text = page.read_text(encoding="utf-8").partition("## Glossary")
    body = text[0] + text[2].partition("\n## ")[2]
    for phrase, instead in AVOIDED.items():
        assert not (found := re.search(phrase, body)), f"{name_of(page)} has {found[0]!r}: write {instead}"


@pytest.mark.parametrize("name", PAGES_ABOUT_KEYS)
def test_a_page_about_keys_writes_permission_window_in_full(name: str) -> None:
    text = re.sub(r"`[^`]*`", "", (ROOT / name).read_text(encoding="utf-8"))
    assert re.findall(r"(?<![Pp]ermission[ \n])\b[Ww]indows?\b", text) == []


def test_the_glossary_is_sorted_and_names_each_thing_once() -> None:
    glossary = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Glossary")[2].partition("\n## ")[0]
    words = re.findall(r"^\| ([^|]+?) \|", glossary, re.MULTILINE)[1:]
    assert len(words) > 1
    assert words == sorted(set(words), key=str.lower)


@pytest.mark.parametrize(
    ("text", "is_avoided"),
    [
        ("a savepoint of the job", True),
        ("one of Flink's savepoints", False),
        ("it is no more.", True),
        ("there are no more events", False),
    ],
)
def test_a_phrase_is_told_from_a_sound_one(text: str, is_avoided: bool) -> None:
    assert any(re.search(phrase, text) for phrase in AVOIDED) == is_avoided
