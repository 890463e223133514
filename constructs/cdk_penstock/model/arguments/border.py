"""Functions and classes that check the types of their arguments."""

from __future__ import annotations

import difflib
import functools
import inspect
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, get_args, is_typeddict

from cdk_penstock.model.arguments.advice import factories
from cdk_penstock.model.arguments.annotations import evaluate
from cdk_penstock.model.arguments.documentation import document
from cdk_penstock.model.arguments.parse import kind_of
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

    from cdk_penstock.model.arguments.kinds import Kind

_LIBRARY: Final = __name__.partition(".")[0]
_CHECKED: Final = "__checks_arguments__"
_CONSTRUCT_ID: Final = 2


class ArgumentError(PenstockError, TypeError):
    """An argument of a wrong type, or without a parameter."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function, or a key of a TypedDict.

    Parameters
    ----------
    name
        Its name.
    annotation
        Its type as written, in the names of a module.
    module_name
        That module.
    is_optional
        True if it may be left out.
    takes_none
        True if None means leaving it out, as in properties of the CDK.
    """

    name: str
    annotation: object
    module_name: str
    is_optional: bool
    takes_none: bool = False

    @cached_property
    def kind(self) -> Kind:
        """The kind of values that it takes."""
        return kind_of(evaluate(self.annotation, self.module_name))

    def accepts(self, value: object) -> bool:
        """Return True if the value is of its type."""
        if value is None and (self.takes_none or str(self.annotation).endswith("| None")):
            return True
        return self.kind.accepts(value)

    def complaint(self, owner: str, value: object) -> str:
        """Return the message about a value that is not accepted."""
        where = f"{owner}: {self.name}"
        if value is None and self.is_optional:
            return f"{where} must be {self.kind.expected}, got None: leave it out for the default"
        return self.kind.complaint(where, value)


@functools.cache
def properties_of(typed_dict: Any) -> Mapping[str, Parameter]:
    """Return the keys of a TypedDict, those of its bases included."""
    optional = typed_dict.__optional_keys__
    return {
        name: Parameter(name, each, typed_dict.__module__, is_optional=name in optional, takes_none=name in optional)
        for name, each in typed_dict.__annotations__.items()
    }


def check_properties(typed_dict: Any, values: Mapping[str, object], owner: str) -> None:
    """Raise ArgumentError for a value of another type than the TypedDict has, and for an unknown key."""
    known = properties_of(typed_dict)
    for name, value in values.items():
        if name not in known:
            raise ArgumentError(_unknown(owner, name, known.values()))
        if not known[name].accepts(value):
            raise ArgumentError(known[name].complaint(owner, value))


class _Signature:
    """The parameters of a function, read when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @cached_property
    def _parts(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self._function).parameters.values())

    @cached_property
    def _positional(self) -> list[str]:
        return [part.name for part in self._parts if part.kind in {part.POSITIONAL_ONLY, part.POSITIONAL_OR_KEYWORD}]

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, each property of a ``**props: Unpack[...]`` among them."""
        found: dict[str, Parameter] = {}
        module_name = self._function.__module__
        for part in self._parts:
            if part.kind is part.VAR_KEYWORD:
                (unpacked,) = get_args(evaluate(part.annotation, module_name))
                found |= properties_of(unpacked)
            elif part.annotation is not part.empty:
                optional = part.default is not part.empty
                found[part.name] = Parameter(part.name, part.annotation, module_name, is_optional=optional)
        return found

    @cached_property
    def _rest(self) -> Parameter | None:
        """The parameter for all further positional arguments."""
        names = [part.name for part in self._parts if part.kind is part.VAR_POSITIONAL]
        return self.parameters.get(names[0]) if names else None

    def check(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
        """Raise ArgumentError for an argument of a wrong type, and for an unknown keyword."""
        for index, value in enumerate(arguments):
            name = self._positional[index] if index < len(self._positional) else None
            parameter = self._rest if name is None else self.parameters.get(name)
            if parameter is not None and not parameter.accepts(value):
                raise ArgumentError(parameter.complaint(self._owner(arguments), value))
        for name, value in keywords.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                raise ArgumentError(_unknown(self._owner(arguments), name, self.parameters.values()))
            if not parameter.accepts(value):
                raise ArgumentError(parameter.complaint(self._owner(arguments), value))

    def _owner(self, arguments: tuple[Any, ...]) -> str:
        """Return the owner of the parameters: the class that was called, which may be a subclass, or its method."""
        bound = arguments[0] if arguments and self._positional[:1] in (["self"], ["cls"]) else None
        if bound is None:
            return self._function.__qualname__.removesuffix(".__init__")
        name = bound.__name__ if isinstance(bound, type) else type(bound).__name__
        if self._function.__name__ != "__init__":
            return f"{name}.{self._function.__name__}"
        has_id = len(arguments) > _CONSTRUCT_ID and self._positional[_CONSTRUCT_ID] == "construct_id"
        construct_id = arguments[_CONSTRUCT_ID] if has_id else None
        return f"{name} {construct_id!r}" if isinstance(construct_id, str) else name


def parameters_of(function: Callable[..., Any]) -> Mapping[str, Parameter]:
    """Return the parameters of a function, each property of a ``**props: Unpack[...]`` among them."""
    return _Signature(inspect.unwrap(function)).parameters


def _unknown(owner: str, name: str, known: Iterable[Parameter]) -> str:
    names = sorted(parameter.name for parameter in known if parameter.name not in {"scope", "construct_id"})
    near = difflib.get_close_matches(name, names, n=1) or [each for each in names if each.endswith(f"_{name}")]
    hint = f"did you mean {near[0]!r}?" if near else _factory_with(name, known) or f"known are {', '.join(names)}"
    return f"{owner} has no property {name!r}: {hint}"


def _factory_with(name: str, known: Iterable[Parameter]) -> str | None:
    """Return the factory that has the parameter, if it belongs to the value of another parameter."""
    for parameter in known:
        for wanted in parameter.kind.classes():
            for factory in factories(wanted, wanted):
                if name in inspect.signature(getattr(wanted, factory)).parameters:
                    return f"pass {parameter.name}={wanted.__name__}.{factory}({name}=...)"
    return None


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = _Signature(function)

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        signature.check(arguments, keywords)
        return function(*arguments, **keywords)

    if function.__name__ == "__init__" and not function.__doc__:
        # Without it, tools would show the text of a base class, with the parameters of the CDK's constructs.
        call.__doc__ = "Take the properties that the class documents."
    return call


def check_arguments(namespace: MutableMapping[str, Any]) -> None:
    """Make all that a module exports in ``__all__`` check its arguments: constructors, factories, methods, functions.

    Subclasses may have more parameters: each constructor checks its own arguments.
    """
    for name in namespace["__all__"]:
        # An export that is loaded on first use is not there yet, and checks itself.
        exported = namespace.get(name)
        if inspect.isfunction(exported):
            namespace[name] = _checked(exported)
        elif isinstance(exported, type) and not is_typeddict(exported):
            for base in exported.__mro__:
                _check_class(base)


def _check_class(checked: type) -> None:
    foreign = checked.__module__.partition(".")[0] != _LIBRARY
    if foreign or _CHECKED in vars(checked) or issubclass(checked, Enum | BaseException):
        return
    if getattr(checked, "_is_protocol", False):
        return
    setattr(checked, _CHECKED, True)
    for name, member in list(vars(checked).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, staticmethod | classmethod):
            setattr(checked, name, type(member)(_checked(member.__func__)))
        elif inspect.isfunction(member) and not getattr(member, "__isabstractmethod__", False):
            setattr(checked, name, _checked(member))
    if "__init__" in vars(checked):
        document(checked)
