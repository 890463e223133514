"""The operations of a service, with the shapes of their requests and answers.

botocore's ParamValidator looks at required members, types and minima only. Here, everything counts that the model says:
enumerations, patterns, maxima, and members that it does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.loaders import create_loader
from botocore.model import ServiceModel

from cdk_penstock.local.service.shapes.containers import ListShape, MapShape, StructureShape
from cdk_penstock.local.service.shapes.scalars import BlobShape, BooleanShape, NumberShape, TextShape, TimeShape
from cdk_penstock.local.service.shapes.shape import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import Shape as ModelShape

    from cdk_penstock.local.service.shapes.shape import Shape


class ServiceShapes:
    """The shapes of a service, all made once.

    Parameters
    ----------
    service
        botocore's name of the service, for example ``kinesisanalyticsv2``.
    """

    def __init__(self, service: str) -> None:
        model = ServiceModel(create_loader().load_service_model(service, "service-2"), service)
        self.target_prefix: Final[str] = model.metadata.get("targetPrefix", "")
        """The name of the API in the header X-Amz-Target."""
        shapes = _Shapes()
        operations = [model.operation_model(name) for name in model.operation_names]
        nothing = StructureShape("nothing", required=())
        self._requests: Final = {
            each.name: shapes.of(each.input_shape) if each.input_shape else nothing for each in operations
        }
        self._answers: Final = {
            each.name: shapes.of(each.output_shape) if each.output_shape else nothing for each in operations
        }

    def __contains__(self, operation: str) -> bool:
        return operation in self._requests

    def read(self, operation: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters of a request: times as aware datetimes, binary data as bytes.

        Raises
        ------
        RefusedCallError
            The request is not valid; the message lists the constraints that it does not satisfy.
        """
        problems = Problems()
        parameters: Mapping[str, Any] = self._requests[operation].read(document, "", problems)
        problems.refuse()
        return parameters

    def write(self, operation: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an answer as JSON values: times in epoch seconds, binary data as base64.

        Raises
        ------
        UnexpectedAnswerError
            The answer has a member that the model does not have, lacks a required one, or has a value of another type.
        """
        written: Mapping[str, Any] = self._answers[operation].write(answer, "")
        return written


class _Shapes:
    """The shapes of a model that are made already, by their names."""

    def __init__(self) -> None:
        self._made: dict[str, Shape] = {}
        self._makers: Final[Mapping[str, Callable[[ModelShape], Shape]]] = {
            "blob": lambda shape: BlobShape(**_limits(shape)),
            "boolean": lambda _: BooleanShape(),
            "integer": lambda shape: NumberShape(bits=32, **_limits(shape)),
            "list": lambda shape: ListShape(self.of(shape.member), **_limits(shape)),
            "long": lambda shape: NumberShape(bits=64, **_limits(shape)),
            "map": lambda shape: MapShape(self.of(shape.key), self.of(shape.value), **_limits(shape)),
            "string": _text,
            "structure": self._structure,
            "timestamp": lambda _: TimeShape(),
        }

    def of(self, shape: ModelShape) -> Shape:
        """Return the shape, made once."""
        if shape.name not in self._made:
            self._made[shape.name] = self._makers[shape.type_name](shape)
        return self._made[shape.name]

    def _structure(self, shape: ModelShape) -> Shape:
        structure = StructureShape(shape.name, required=shape.required_members)
        self._made[shape.name] = structure
        for name, member in shape.members.items():
            structure.add_member(name, self.of(member))
        return structure


def _text(shape: ModelShape) -> Shape:
    return TextShape(pattern=shape.metadata.get("pattern"), enum=shape.enum, **_limits(shape))


def _limits(shape: ModelShape) -> dict[str, int | None]:
    return {"least": shape.metadata.get("min"), "most": shape.metadata.get("max")}
