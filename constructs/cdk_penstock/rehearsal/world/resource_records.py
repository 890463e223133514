"""Records of resources: all that is known of one whose effect is not modelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, kw_only=True)
class ResourceRecord:
    """A resource that exists.

    Parameters
    ----------
    stack_id, logical_id
        The stack and the template's id of the resource.
    type
        The resource type.
    name
        The physical name.
    arn
        The ARN, empty if resources of the type have none.
    physical_id
        The value of ``Ref``.
    properties
        The resolved properties.
    attributes
        The values of ``Fn::GetAtt``; the name of a nested one has dots.
    """

    stack_id: str
    logical_id: str
    type: str
    name: str
    arn: str
    physical_id: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


class ResourceRecords(dict[str, ResourceRecord]):
    """The records by ARN; of a type without ARNs by physical id."""

    def add(self, record: ResourceRecord) -> None:
        """Add a record, or replace the one of the same resource."""
        self[record.arn or record.physical_id] = record

    def remove(self, record: ResourceRecord) -> None:
        """Remove a record, if it exists."""
        self.pop(record.arn or record.physical_id, None)

    def of(self, *types: str) -> list[ResourceRecord]:
        """Return the records of these types, in the order of their creation."""
        return [record for record in self.values() if record.type in types]

    def with_ids(self, ids: Collection[str]) -> list[ResourceRecord]:
        """Return the records whose ARN or physical id is among these."""
        return [record for record in self.values() if record.arn in ids or record.physical_id in ids]

    def made_from(self, stack_id: str, logical_id: str, properties: Mapping[str, Any]) -> ResourceRecord | None:
        """Return the record of a resource of a template with these properties; else its newest one."""
        found = [each for each in self.values() if (each.stack_id, each.logical_id) == (stack_id, logical_id)]
        return next((each for each in found if each.properties == properties), found[-1] if found else None)
