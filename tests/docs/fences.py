"""The code fences and the commands within lines of README and the guides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
NEEDS_ACCOUNT = "# with the account"
NEEDS_LOCAL_MSF = "# with a local MSF"
IN_A_PYTEST = "# in a pytest"
NEEDS_PROCESSES = "# starts real processes"
PROGRAMS = (
    "penstock",
    ".venv/bin/penstock",
    ".venv/bin/python",
    "npx",
    "cdk",
    "aws",
    "make",
    "tools/account-questions",
    "mvn",
    "pytest",
    "pip",
    "python",
    "flink",
    "app",
    "key",
)


class Fence(NamedTuple):
    """One block of a page."""

    page: Path
    line: int
    kind: str
    text: str

    @property
    def place(self) -> str:
        """Page and line, as a test's id."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def is_doctest(self) -> bool:
        """True if doctest runs it."""
        return self.text.startswith(">>>")


class Mention(NamedTuple):
    """A command within a line of text, which may leave out what it requires."""

    page: Path
    line: int
    command: str


def name_of(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def fences_of(page: Path) -> list[Fence]:
    """Return the blocks of a page; each begins and ends at the margin, so that none is overlooked."""
    text = page.read_text(encoding="utf-8")
    found = [
        Fence(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    ]
    assert text.count("```") == 2 * len(found), f"{name_of(page)} has a block that is indented or not closed"
    return found


def all_fences(kind: str) -> list[Fence]:
    """Return the blocks of one kind of all pages."""
    return [fence for page in PAGES for fence in fences_of(page) if fence.kind == kind]


def mentions_of(page: Path) -> list[Mention]:
    """Return the commands within the lines of a page."""
    text = re.sub(
        r"^```.*?^```$",
        lambda block: "\n" * block[0].count("\n"),
        page.read_text("utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    return [
        Mention(page, text.count("\n", 0, match.start()) + 1, " ".join(match[1].split()))
        for match in re.finditer(r"`([^`]+)`", text)
        if match[1].split(maxsplit=1)[0] in PROGRAMS and len(match[1].split()) > 1
    ]
