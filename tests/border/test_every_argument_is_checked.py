from __future__ import annotations

import inspect
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, is_typeddict

import pytest

import cdk_penstock
from cdk_penstock.model.arguments import ArgumentError
from cdk_penstock.model.arguments.border import parameters_of
from cdk_penstock.model.arguments.kinds import ANYTHING
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

LIBRARY = Path(cdk_penstock.__file__).parent
TAKES_ANYTHING = {"DeliveryFormat.conversion(scope)", "DeliverySource.wildcards(scope)", "GlueTable.statement(scope)"}

WRONG: dict[str, tuple[object, ...]] = {
    "int": (2.5, 4.0, "4", True, [4]),
    "bool": ("false", "true", 1, 0, []),
    "float": ("0.5", True),
    "str": (5, 1.2, True, ["a"], {"a": "b"}),
    "Duration": (60, "60", 1.5, "PT1M"),
    "RemovalPolicy": ("retain", "RETAIN", 1),
    "kms.IKey": ("alias/x", "arn:aws:kms:eu-central-1:111122223333:key/x", {"key_arn": "x"}),
    "ec2.IVpc": ("vpc-123", 5),
    "iam.IGrantable": ("arn:aws:iam::111122223333:role/x", {"role_arn": "x"}),
}


class Unrelated:
    """Of no type that any parameter has."""


def public_modules() -> Iterator[ModuleType]:
    """Yield whatever a user imports from: every package that exports something, and the rooms of streams and sinks."""
    for pattern in ("*/__init__.py", "streams/*/__init__.py", "sinks/*/__init__.py"):
        for init in sorted(LIBRARY.glob(pattern)):
            name = ".".join(init.parent.relative_to(LIBRARY.parent).parts)
            if hasattr(import_module(name), "__all__"):
                yield import_module(name)


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every constructor, factory, method and function at the border, by name."""
    for module in public_modules():
        for name in module.__all__:
            exported = getattr(module, name)
            if inspect.isfunction(exported):
                yield name, exported
            elif isinstance(exported, type):
                yield from functions_of(exported)


def functions_of(exported: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    if is_typeddict(exported) or issubclass(exported, Enum | BaseException) or getattr(exported, "_is_protocol", False):
        return
    for base in exported.__mro__:
        if base.__module__.startswith("cdk_penstock.") and not getattr(base, "_is_protocol", False):
            for name, member in vars(base).items():
                function = getattr(member, "__func__", member)
                is_border = name == "__init__" or not name.startswith("_")
                is_called_by_users = inspect.isfunction(function) and not hasattr(function, "__isabstractmethod__")
                if is_border and is_called_by_users:
                    yield f"{base.__name__}.{name}", function


FUNCTIONS = dict(public_functions())
PARAMETERS = [
    (f"{label}({name})", function, name)
    for label, function in FUNCTIONS.items()
    for name in inspect.signature(inspect.unwrap(function)).parameters
    if name not in {"self", "cls"}
]
OF_ONE_TYPE = [
    pytest.param(function, parameter.name, value, id=f"{label}({parameter.name}={value!r})")
    for label, function in FUNCTIONS.items()
    for parameter in parameters_of(function).values()
    for value in WRONG.get(str(parameter.annotation).removesuffix(" | None"), ())
    if parameter.name in inspect.signature(inspect.unwrap(function)).parameters
]


def test_the_border_is_found() -> None:
    assert {"FlinkApplication.__init__", "EventStreamBase.grant_read", "StreamCapacity.provisioned"} <= set(FUNCTIONS)
    assert {"FlinkRuntime.of", "add_checks", "build_package", "DeliveryToS3.__init__"} <= set(FUNCTIONS)
    assert len(FUNCTIONS) > 150


@pytest.mark.parametrize(
    ("function", "parameter"), [pytest.param(each, name, id=label) for label, each, name in PARAMETERS]
)
def test_every_parameter_refuses_what_is_of_no_type_it_has(
    function: Callable[..., Any], parameter: str, request: pytest.FixtureRequest
) -> None:
    parts = inspect.signature(inspect.unwrap(function)).parameters
    if parts[parameter].kind is inspect.Parameter.VAR_KEYWORD:
        unpacked = [each for each in parameters_of(function).values() if each.name not in parts]
        assert unpacked
        for each in unpacked:
            with pytest.raises(PenstockError, match=rf": {each.name}\b.* must be .*, got an? .*Unrelated: ."):
                function(**{each.name: Unrelated()})
        return
    known = parameters_of(function)[parameter]
    if known.kind is ANYTHING:
        assert request.node.callspec.id in TAKES_ANYTHING
        return
    if parts[parameter].kind is inspect.Parameter.VAR_POSITIONAL:
        assert not known.accepts(Unrelated())
        return
    with pytest.raises(PenstockError, match=rf": {parameter}\b.* must be .*, got an? .*Unrelated: ."):
        function(**{parameter: Unrelated()})


@pytest.mark.parametrize(("function", "parameter", "value"), OF_ONE_TYPE)
def test_no_parameter_takes_what_is_nearly_of_its_type(
    function: Callable[..., Any], parameter: str, value: object
) -> None:
    with pytest.raises(ArgumentError, match="must be .*, got .*: ."):
        function(**{parameter: value})
