"""What ``help()`` and ``inspect.signature`` show of a constructor: each property, its default, its documentation."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, ForwardRef, get_args, is_typeddict

from penstock.model.arguments.annotations import evaluate, module_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ("document",)


def document(documented: type) -> None:
    """Make a class, and its subclasses, show the parameters of their constructor.

    The metaclass of the CDK's constructs hides them behind ``(*args, **kwargs)``, and a TypedDict its keys behind its
    name.
    """
    type.__setattr__(documented, "__signature__", _ConstructorSignature())
    if _unpacked(vars(documented)["__init__"]):
        type.__setattr__(documented, "__doc__", _Documentation(documented.__doc__ or ""))


class _ConstructorSignature:
    """The signature of whatever class it is asked of: a subclass may have parameters of its own."""

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        # Past the first, which is the instance.
        return inspect.Signature(list(_parameters(owner))[1:])


class _Documentation:
    """A class's documentation, and behind it that of its properties, which is read when somebody looks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __get__(self, instance: object, owner: type) -> str:
        described = _property_documentation(owner)
        entries = [
            f"    {part.name} : {part.annotation}\n        " + "\n        ".join(described[part.name].split("\n"))
            for part in _parameters(owner)
            if part.kind is part.KEYWORD_ONLY and part.name in described
        ]
        return "\n".join([self._text.rstrip(), "", "    Properties", "    ----------", *entries, "    "])


class _Shown:
    """A default as a user writes it, where the object itself would show its address, or where there is none."""

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
    """Return the annotations of ``**props: Unpack[...]``, empty where there is no such parameter."""
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


def _property_documentation(owner: type) -> Mapping[str, str]:
    annotations = _unpacked(owner.__init__).values()  # type: ignore[misc] # of this very class
    modules = {base.__module__ for base in owner.__mro__ if base.__module__.startswith("penstock.")}
    modules |= {str(each.__forward_module__) for each in annotations if isinstance(each, ForwardRef)}
    return {name: text for module in sorted(modules) for name, text in _attribute_documentation(module).items()}


@cache
def _attribute_documentation(module_name: str) -> Mapping[str, str]:
    """Return the text that stands below each attribute of a module's TypedDicts, which Python does not keep."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(module_source(sys.modules[module_name]))):
        if not isinstance(node, ast.ClassDef) or not node.name.endswith("Props"):
            continue
        for attribute, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(attribute, ast.AnnAssign) and isinstance(below, ast.Expr):
                text = ast.literal_eval(below.value)
                found[ast.unparse(attribute.target)] = inspect.cleandoc(text)
    return found
