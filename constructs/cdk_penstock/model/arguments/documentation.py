"""Signature and documentation of a constructor, as ``help()`` and ``inspect.signature`` show them."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import sys
from textwrap import indent
from typing import TYPE_CHECKING, Any, Final, ForwardRef, get_args, is_typeddict

from cdk_penstock.model.arguments.annotations import evaluate, module_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INDENT: Final = " " * 4
_PROPS_CLASS: Final = re.compile(r"^class \w+Props\(.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def document(documented: type) -> None:
    """Make a class, and its subclasses, show the parameters of their constructor.

    Without this, the metaclass of the CDK's constructs shows only ``(*args, **kwargs)``, and a TypedDict only its name.
    """
    type.__setattr__(documented, "__signature__", _ConstructorSignature())
    if _unpacked(vars(documented)["__init__"]):
        type.__setattr__(documented, "__doc__", f"{(documented.__doc__ or '').rstrip()}\n\n{_properties(documented)}")


class _ConstructorSignature:
    """The signature of the class that it is read from: a subclass may have more parameters."""

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        # The first one is the instance.
        return inspect.Signature(list(_parameters(owner))[1:])


class _Shown:
    """A default as a user writes it: for an object whose text would be an address, and for a missing default."""

    def __init__(self, value: Any = ...) -> None:
        self._text = "..." if value is ... else f"{type(value).__name__}.seconds({value.to_seconds()})"

    def __repr__(self) -> str:
        return self._text


def _parameters(owner: type) -> Iterator[inspect.Parameter]:
    constructor: Any = owner.__init__  # type: ignore[misc] # of this very class
    unpacked = _unpacked(constructor)
    defaults = _defaults(owner)
    for part in inspect.signature(constructor).parameters.values():
        if part.kind is not part.VAR_KEYWORD or not unpacked:
            yield part
            continue
        for name, annotation in unpacked.items():
            shown = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
            yield inspect.Parameter(name, part.KEYWORD_ONLY, default=_shown(defaults.get(name, ...)), annotation=shown)


def _unpacked(constructor: Any) -> Mapping[str, Any]:
    """Return the annotations of ``**props: Unpack[...]``, empty without such a parameter."""
    function = inspect.unwrap(constructor)
    annotation = getattr(function, "__annotations__", {}).get("props")
    if annotation is None:
        return {}
    try:
        arguments = get_args(evaluate(annotation, function.__module__))
    except NameError:
        # In a notebook, or in a class within a function, names cannot be looked up from here.
        return {}
    return arguments[0].__annotations__ if arguments and is_typeddict(arguments[0]) else {}


def _defaults(owner: type) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for base in reversed(owner.__mro__):
        merged |= vars(base).get("defaults", {})
    return merged


def _shown(value: Any) -> Any:
    return _Shown(value) if value is ... or hasattr(value, "to_seconds") else value


def _properties(documented: type) -> str:
    """Return the section of a class's documentation about its properties."""
    constructor: Any = documented.__init__  # type: ignore[misc] # of this very class
    unpacked = _unpacked(constructor)
    own = {name: part.annotation for name, part in inspect.signature(constructor).parameters.items()}
    shown = own | {name: getattr(each, "__forward_arg__", each) for name, each in unpacked.items()}
    modules = {documented.__module__, *(each.__forward_module__ for each in unpacked.values())}
    texts = {name: text for module in modules for name, text in _attribute_texts(module).items()}
    entries = [f"{name} : {shown[name]}\n{indent(texts[name], _INDENT)}" for name in shown if name in texts]
    return indent("\n".join(["Properties", "----------", *entries]), _INDENT) + f"\n{_INDENT}"


def _attribute_texts(module_name: str) -> Mapping[str, str]:
    """Return the text below each key of a module's TypedDicts for properties, which Python does not keep."""
    found: dict[str, str] = {}
    for text in _PROPS_CLASS.findall(module_source(sys.modules[module_name])):
        body = ast.parse(text).body[0].body
        for attribute, below in itertools.pairwise(body):
            if isinstance(attribute, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[ast.unparse(attribute.target)] = inspect.cleandoc(ast.literal_eval(below.value))
    return found
