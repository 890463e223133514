"""Guarantee of each delivery in a template, such as at-least-once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.delivery import DELIVERY_METADATA
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.review.assembly import SynthesizedStack


@dataclass(frozen=True, kw_only=True)
class GuaranteedDelivery:
    """Guarantee of one delivery, such as ``at-least-once``: a record may then arrive more than once."""

    stage: str
    stack: str
    resource: str
    guarantee: str


def delivery_guarantees(stacks: Sequence[SynthesizedStack]) -> tuple[GuaranteedDelivery, ...]:
    """Return the guarantees of the deliveries of the stacks, which their constructs wrote into the templates."""
    return tuple(
        GuaranteedDelivery(stage=stack.stage, stack=stack.name, resource=resource.name, guarantee=guarantee)
        for stack in stacks
        for resource in stack.template.resources()
        if isinstance(guarantee := as_mapping(resource.body.get("Metadata")).get(DELIVERY_METADATA), str)
    )
