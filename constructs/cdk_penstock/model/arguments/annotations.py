"""Types that annotations stand for, looked up only when a value arrives.

Most modules import the names in their annotations for type checkers only, under ``if TYPE_CHECKING``. Those imports are
read from the source, and made for the parameters that get a value: loading all modules of the CDK would take seconds.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, Final, ForwardRef, get_type_hints

_FOR_TYPE_CHECKERS: Final = re.compile(r"^if TYPE_CHECKING:\n((?:[ \t]+.*\n|\n)+)", re.MULTILINE)


def evaluate(annotation: object, module_name: str) -> Any:
    """Return the type that an annotation in a module stands for."""
    if isinstance(annotation, ForwardRef):
        module_name = annotation.__forward_module__ or module_name
        annotation = annotation.__forward_arg__
    holder = SimpleNamespace(__annotations__={"value": annotation})
    return get_type_hints(holder, vars(sys.modules[module_name]), _names(module_name))["value"]


@cache
def module_source(module: ModuleType) -> str:
    """Return the text of a module, empty if it has no file, as in a notebook."""
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""


@cache
def _names(module_name: str) -> Mapping[str, object]:
    return _NamesForTypeCheckers(sys.modules[module_name])


class _NamesForTypeCheckers(Mapping[str, object]):
    """The names that a module imports under ``if TYPE_CHECKING``, each imported when it is asked for."""

    def __init__(self, module: ModuleType) -> None:
        self._found: dict[str, object] = {}
        self._imports: dict[str, tuple[str, str]] = {}
        for block in _FOR_TYPE_CHECKERS.findall(module_source(module)):
            for node in ast.walk(ast.parse(textwrap.dedent(block))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    self._imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}

    def __getitem__(self, name: str) -> object:
        if name not in self._found:
            module_name, attribute = self._imports[name]
            self._found[name] = getattr(importlib.import_module(module_name), attribute)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._imports)

    def __len__(self) -> int:
        return len(self._imports)
