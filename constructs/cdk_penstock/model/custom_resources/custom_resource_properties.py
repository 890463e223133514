"""The base of every custom resource's properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast

from cdk_penstock.model.custom_resources.stringified import read_object, write_object

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_CLOUDFORMATION: Final = frozenset({"ServiceToken", "ServiceTimeout"})
"""Properties that every custom resource has, which are not its handler's (AWS::CloudFormation::CustomResource)."""


@dataclass(frozen=True, kw_only=True)
class CustomResourceProperties:
    """The properties of one custom resource; a subclass has a field for each.

    A field that is added to a resource later needs a default: stacks that are deployed have it in their templates only
    from the next deployment on.
    """

    resource_type: ClassVar[str]
    """CloudFormation's name of the resource."""

    def to_properties(self) -> dict[str, Any]:
        """Return the properties as a template has them."""
        return write_object(self)

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Return the properties of an event.

        Raises PenstockError for a property that is unknown, missing or of another type.
        """
        return cls._read(properties)

    @classmethod
    def from_earlier_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Return properties that an earlier deployment has written, perhaps with another version of penstock.

        What is no longer known is passed over: it must block neither an update nor a deletion.
        """
        return cls._read(properties, ignore_unknown=True)

    @classmethod
    def _read(cls, properties: Mapping[str, Any], *, ignore_unknown: bool = False) -> Self:
        own = {name: value for name, value in properties.items() if name not in _OF_CLOUDFORMATION}
        return cast("Self", read_object(cls, own, ignore_unknown=ignore_unknown))
