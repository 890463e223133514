"""The certain imports of Python source, and the modules that MSF has without packing them."""

from __future__ import annotations

import ast
import sys
from typing import Final

from cdk_penstock.packaging.msf_python import PROVIDED_MODULES

# The standard library of the Python that runs here is not the runtime's: these modules came or went since 3.10.
_CAME_WITH: Final = {(3, 11): {"tomllib"}, (3, 14): {"annotationlib", "compression"}}
# fmt: off
_WENT_WITH: Final = {
    (3, 11): {"binhex"},
    (3, 12): {"asynchat", "asyncore", "distutils", "imp", "smtpd"},
    (3, 13): {
        "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis", "nntplib",
        "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
    },
}
# fmt: on
_CATCHES_MISSING: Final = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_MAIN: Final = "Name(id='__name__'"
_CHANGES_OF_PATH: Final = (b"sys.path", b"add_python_file", b"add_python_archive")
_UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
"""Errors that the check of the syntax reports, with the line."""


def modules_of_msf(python_version: str) -> frozenset[str]:
    """Return the modules that a job may import without packing them, independent of the Python that runs here."""
    major, minor = (int(part) for part in python_version.split("."))
    known = set(sys.stdlib_module_names) | {"__main__"}
    for version, modules in _WENT_WITH.items():
        known = known - modules if version <= (major, minor) else known | modules
    for version, modules in _CAME_WITH.items():
        known = known | modules if version <= (major, minor) else known - modules
    return frozenset(known | PROVIDED_MODULES)


def imported_modules(source: bytes) -> frozenset[str]:
    """Return the first part of each module that running the source imports, in its functions too.

    Left out are imports that may fail: relative ones, those below an ``if``, as for a local run or for type checkers,
    and those in a ``try`` that continues without them; and all imports if the source changes its own path.
    """
    if any(change in source for change in _CHANGES_OF_PATH):
        return frozenset()
    try:
        tree = ast.parse(source)
    except _UNPARSABLE:
        return frozenset()
    found: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
        else:
            pending += _children(node)
    return frozenset(found)


def mentioned_modules(source: bytes) -> frozenset[str]:
    """Return the first part of each module in any absolute import of the source, also of those that may fail."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except _UNPARSABLE:
        return frozenset()
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return frozenset(name.partition(".")[0] for name in names)


def text_constants(source: bytes) -> list[str]:
    """Return the texts in the source, also those in f-strings."""
    try:
        tree = ast.parse(source)
    except _UNPARSABLE:
        return []
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes below this one in which an import must succeed."""
    if isinstance(node, ast.If):
        return list(node.body) if _MAIN in ast.dump(node.test) else []
    if isinstance(node, ast.Try | ast.TryStar) and any(_catches_missing(handler.type) for handler in node.handlers):
        return [*node.orelse, *node.finalbody]
    if isinstance(node, ast.With) and any(_suppresses_missing(item.context_expr) for item in node.items):
        return []
    return list(ast.iter_child_nodes(node))


def _catches_missing(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_catches_missing(each) for each in caught.elts)
    return caught is None or _last_name(caught) in _CATCHES_MISSING


def _suppresses_missing(context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and _last_name(context.func) == "suppress"
        and any(_last_name(each) in _CATCHES_MISSING for each in context.args)
    )


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
