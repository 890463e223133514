"""Resources in name only: they exist, and have ids, ARNs and attributes that policies can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.engine.resources import Existing, Made, ResourceProvider, Wanted
from cdk_penstock.rehearsal.providers.arn_forms import arn_form
from cdk_penstock.rehearsal.providers.key_uses import key_not_judged
from cdk_penstock.rehearsal.providers.resource_attributes import AnyAttribute, attributes_of, may_have_any_attribute
from cdk_penstock.rehearsal.providers.resource_identity import free_identity
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.template.resource_types import resource_type
from cdk_penstock.rehearsal.world.resource_records import ResourceRecord

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.providers.resource_identity import Identity
    from cdk_penstock.rehearsal.world.world import World

IN_NAME_ONLY: Final = "nothing of its effect is modelled"


class NamedOnly(ResourceProvider):
    """Makes resources in name only. Providers of modelled types extend it by the effect of their type.

    Parameters
    ----------
    world
        The world.
    """

    left_out = IN_NAME_ONLY

    def __init__(self, world: World) -> None:
        self.world = world

    def create(self, wanted: Wanted) -> Made:
        """Create the resource; a required property that is missing, or a name that is taken, is refused as in AWS."""
        _refuse_missing(wanted)
        identity = free_identity(wanted, lambda each: self._is_taken(wanted, each))
        if self._is_taken(wanted, identity):
            raise ResourceFailedError(
                f"Resource of type '{wanted.type}' with identifier '{identity.physical_id}' already exists."
            )
        return self._keep(wanted, identity)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Update the resource."""
        record = self.record_of(existing)
        self.world.records.remove(record)
        attributes = {**existing.made.attributes, **wanted.properties}
        if may_have_any_attribute(wanted.type):
            attributes = AnyAttribute(wanted.logical_id, attributes)
        made = Made(physical_id=existing.made.physical_id, attributes=attributes)
        self._record(wanted, made, name=record.name, arn=record.arn)
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the resource, if it exists."""
        self.world.records.remove(self.record_of(existing))

    def not_proven(self, wanted: Wanted) -> str:
        """Return the reason for which this resource proves nothing, or not all; empty if it is modelled."""
        reasons = [self.left_out, key_not_judged(wanted)]
        if self.left_out and arn_form(wanted.type)[1]:
            known = resource_type(wanted.type) is not None
            reasons.append("the form of its ARN is assumed" if known else f"the type {wanted.type} is not known here")
        return "; ".join(reason for reason in reasons if reason)

    def record_of(self, existing: Existing) -> ResourceRecord:
        """Return the record of a resource that exists."""
        wanted, physical_id = existing.wanted, existing.made.physical_id
        for record in self.world.records.of(wanted.type):
            if (record.stack_id, record.physical_id) == (wanted.place.stack_id, physical_id):
                return record
        return _made_record(wanted, existing.made, name=physical_id, arn="")

    def _keep(self, wanted: Wanted, identity: Identity) -> Made:
        made = Made(physical_id=identity.physical_id, attributes=attributes_of(wanted, identity))
        self._record(wanted, made, name=identity.name, arn=identity.arn)
        return made

    def _record(self, wanted: Wanted, made: Made, *, name: str, arn: str) -> None:
        self.world.records.add(_made_record(wanted, made, name=name, arn=arn))

    def _is_taken(self, wanted: Wanted, identity: Identity) -> bool:
        if identity.arn:
            return identity.arn in self.world.records
        found = self.world.records.get(identity.physical_id)
        return found is not None and found.type == wanted.type


def _made_record(wanted: Wanted, made: Made, *, name: str, arn: str) -> ResourceRecord:
    return ResourceRecord(
        stack_id=wanted.place.stack_id,
        logical_id=wanted.logical_id,
        type=wanted.type,
        name=name,
        arn=arn,
        physical_id=made.physical_id,
        properties=dict(wanted.properties),
        attributes=made.attributes,
    )


def _refuse_missing(wanted: Wanted) -> None:
    known = resource_type(wanted.type)
    missing = [name for name in (known.required if known else ()) if name not in wanted.properties]
    if missing:
        raise ResourceFailedError(
            f"Properties validation failed for resource {wanted.logical_id} with message:"
            f" #: required key [{missing[0]}] not found"
        )
