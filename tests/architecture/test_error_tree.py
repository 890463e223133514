"""The tree of penstock's errors, as the module of their base class draws it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_penstock.model import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = Path(errors.__file__).parents[1]
ROOT = "PenstockError"


def bases() -> dict[str, set[str]]:
    """Return the names of the base classes of each class of the library."""
    found: dict[str, set[str]] = {}
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).update(ast.unparse(base) for base in node.bases)
    return found


def tree(root: str, bases: dict[str, set[str]], indent: str = "") -> Iterator[str]:
    """Yield a line for a class and for each class below it."""
    yield f"{indent}{root}"
    for name in sorted(name for name, of in bases.items() if root in of):
        yield from tree(name, bases, f"{indent}    ")


def test_the_tree_of_errors_is_the_one_that_is_drawn() -> None:
    lines = list(tree(ROOT, bases()))
    drawn = "\n".join(f"    {line}" for line in lines)
    assert f"\n\n{drawn}\n" in (errors.__doc__ or ""), drawn


def test_every_error_is_in_the_tree_and_ends_in_error() -> None:
    lines = [line.strip() for line in tree(ROOT, bases())]
    assert len(lines) == len(set(lines))
    assert all(name.endswith("Error") for name in lines)
    assert len(lines) > 1
