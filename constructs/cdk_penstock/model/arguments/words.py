"""Names of types and values in messages, as a user writes them."""

from __future__ import annotations

import reprlib
import sys
from enum import Enum
from typing import Final

_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80

_LIBRARY: Final = __name__.partition(".")[0]


def public_namespace(module_name: str) -> object:
    """Return the module from which users import the names that this one defines."""
    if not module_name.startswith(f"{_LIBRARY}."):
        return sys.modules.get(module_name)
    package = module_name
    while package != _LIBRARY:
        package = package.rpartition(".")[0]
        if hasattr(sys.modules.get(package), "__all__"):
            return sys.modules[package]
    return None


def public_name(kind: type) -> str:
    """Return the name of a class as a user writes it: ``ec2.IVpc``, ``Duration``, ``FlinkRuntime``."""
    package, _, module = kind.__module__.rpartition(".")
    if package == "aws_cdk":
        return f"{module.removeprefix('aws_')}.{kind.__qualname__}"
    return kind.__qualname__


def with_article(name: str) -> str:
    """Return a name with its article."""
    return f"an {name}" if name[0] in "aeioAEIO" or name.startswith("s3") else f"a {name}"


def described(value: object) -> str:
    """Return a value and its type, short enough for a message."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {public_name(value)}"
    kind = type(value)
    if isinstance(value, Enum):
        return f"{public_name(kind)}.{value.name}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"the function {value.__qualname__}"
    if kind.__repr__ is object.__repr__:
        return with_article(public_name(kind))
    return f"{_SHORT.repr(value)} ({kind.__name__})"
