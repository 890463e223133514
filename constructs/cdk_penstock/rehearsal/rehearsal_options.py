"""Options of a rehearsal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.world.world import WorldOptions
from cdk_penstock.review.assembly import read_assembly

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.review.assembly import SynthesizedStack


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
    job_python
        The interpreter of an environment with ``apache-flink``, to run the jobs on Flink and on this machine's clock.
        Default: jobs are simulated. The act ``order`` always simulates them.
    account, region
        The target of stacks that were synthesized for any account or Region. Default: placeholders.
    """

    assembly: Path
    environment: str | None = None
    acts: tuple[str, ...] = ()
    world: WorldOptions = field(default_factory=WorldOptions)
    execution_policies: tuple[Path, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    job_python: Path | None = None
    account: str | None = None
    region: str | None = None

    def stacks(self) -> tuple[SynthesizedStack, ...]:
        """Return the stacks to deploy; raise PenstockError as read_assembly does, and if there are several Stages."""
        stacks = read_assembly(self.assembly, environment=self.environment)
        stages = list(dict.fromkeys(stack.stage for stack in stacks))
        if len(stages) > 1:
            named = ", ".join(stage or "stacks without a Stage" for stage in stages)
            raise PenstockError(
                f"the assembly {self.assembly} has the environments {named}: name one, as in `penstock rehearse"
                f" {max(stages).lower()}`"
            )
        return tuple(self._placed(stack) for stack in stacks)

    def _placed(self, stack: SynthesizedStack) -> SynthesizedStack:
        if not stack.is_for_anywhere:
            return stack
        return dataclasses.replace(stack, account=self.account or stack.account, region=self.region or stack.region)
