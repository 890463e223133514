"""Everything of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from stacks.processing_stack import ProcessingStack

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environment import Environment

__all__ = ("PenstockStage",)


class PenstockStage(cdk.Stage):
    """One environment: its stacks in the order of their deployment."""

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(
            scope,
            environment.stage_name,
            env=cdk.Environment(account=environment.account, region=environment.region),
        )
        self.processing = ProcessingStack(self, "Processing", environment=environment)
        cdk.Tags.of(self).add("penstock:environment", environment.name)
