"""Options of a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass, field

from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.world.world import WorldOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RehearsalOptions:
    """Everything that a rehearsal is told.

    Parameters
    ----------
    assembly
        The folder that ``cdk synth`` wrote.
    environment
        The Stage whose stacks are deployed. Default: the stacks of an assembly without Stages, or of its only Stage.
    acts
        The names of the acts to play, in this order. Default: all.
    world
        Answers to what is not known of AWS.
    execution_policies
        Files with policies of CloudFormation's role. Default: AdministratorAccess.
    parameters
        Values of the templates' parameters, in place of their defaults.
    account, region
        The target of stacks that were synthesized for any account or Region. Default: placeholders.
    """

    assembly: Path
    environment: str | None = None
    acts: tuple[str, ...] = ()
    world: WorldOptions = field(default_factory=WorldOptions)
    execution_policies: tuple[Path, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    region: str | None = None
