from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import cdk_penstock
from cdk_penstock.model import errors

LIBRARY = Path(cdk_penstock.__file__).parent
CONSTRUCTS = ("foundation", "network", "observability", "pipeline", "sinks", "streams")
TREE = dict(re.findall(r"^        (\w+Error) +(.+)$", errors.__doc__ or "", re.MULTILINE))


def defined(package: str) -> set[str]:
    """Return the error classes that the modules of a package define."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (LIBRARY / package).rglob("*.py")]
    classes = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    return {name for name in classes if name.endswith("Error")}


def test_the_tree_has_every_error_of_the_constructs() -> None:
    assert {name for package in CONSTRUCTS for name in defined(package)} <= TREE.keys()


def test_a_package_exports_the_errors_that_the_tree_says_it_does() -> None:
    for name, packages in TREE.items():
        for package in packages.split(", "):
            exported = getattr(importlib.import_module(f"cdk_penstock.{package}"), name)
            assert issubclass(exported, errors.PenstockError), (package, name)
