"""Resources between the engine and the providers that carry out their changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class StackPlace:
    """A stack's place in the world.

    Parameters
    ----------
    name, stack_id
        Its name and its ARN.
    account, region, partition
        Where it is.
    role_session_arn
        The session of the execution role with which CloudFormation acts.
    """

    name: str
    stack_id: str
    account: str
    region: str
    partition: str = "aws"
    role_session_arn: str

    @property
    def cloudformation(self) -> Actor:
        """CloudFormation, as it acts for this stack."""
        return Actor(made_by=MadeBy.CLOUDFORMATION, arn=self.role_session_arn)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A resource as the template wants it, its references resolved.

    Parameters
    ----------
    place
        Its stack.
    logical_id, type
        As in the template.
    name
        The construct's path if the CDK wrote it, else the logical id.
    properties
        The resolved properties.
    """

    place: StackPlace
    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    def generated_name(self, longest: int = 64) -> str:
        """Return a name as CloudFormation makes it where the template names none; the same in each rehearsal."""
        return f"{self.place.name}-{self.logical_id}"[:longest].rstrip("-")


@dataclass(frozen=True, kw_only=True)
class Made:
    """The answer of a resource's provider.

    Parameters
    ----------
    physical_id
        The value of ``Ref``.
    attributes
        The values of ``Fn::GetAtt``.
    """

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Existing:
    """A resource that exists: as it was wanted, and what came of it."""

    wanted: Wanted
    made: Made


class ResourceProvider(ABC):
    """Carries out what CloudFormation does for a type of resource; each method may raise ResourceFailedError.

    Attributes
    ----------
    left_out
        The reason for which a resource of this type proves nothing, empty if it is modelled.
    """

    left_out: str = ""

    @abstractmethod
    def create(self, wanted: Wanted) -> Made:
        """Create the resource."""

    @abstractmethod
    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Update the resource.

        With another physical id in the answer it has been replaced: the old one is deleted in the clean-up phase.
        """

    @abstractmethod
    def delete(self, existing: Existing) -> None:
        """Delete the resource."""

    def not_proven(self, wanted: Wanted) -> str:  # noqa: ARG002 - for providers that know it of each resource only
        """Return the reason for which this resource proves nothing, empty if it is modelled."""
        return self.left_out
