"""Everything of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from penstock.pipeline import PipelineScopes
from stacks.network_stack import NetworkStack
from stacks.operations import ApplicationOperations
from stacks.workloads import pipeline_of

if TYPE_CHECKING:
    from constructs import Construct

    from penstock.application import FlinkApplication
    from stacks.environment import ApplicationSettings, Environment
    from stacks.workload_pipeline import WorkloadPipeline

__all__ = ("PenstockStage",)


class PenstockStage(cdk.Stage):
    """One environment: its stacks in the order of their deployment, and the pipeline in them.

    A subclass overrides ``build_pipeline`` for a pipeline of its own.
    """

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(
            scope,
            environment.stage_name,
            env=cdk.Environment(account=environment.account, region=environment.region),
        )
        self.environment_settings = environment
        self.network = NetworkStack(self, "Network", environment=environment)
        self.ingestion = self._build_stack("Ingestion")
        self.presentation = self._build_stack("Presentation")
        self.processing = self._build_stack("Processing")
        self.pipeline = self.build_pipeline(
            PipelineScopes(ingestion=self.ingestion, presentation=self.presentation, processing=self.processing)
        )
        self.generator = self.pipeline.build_generator(self.processing)
        self._operate(self.pipeline.application, environment.application)
        if self.generator is not None and environment.generator is not None:
            self._operate(self.generator, environment.generator)
        cdk.Tags.of(self).add("penstock:environment", environment.name)

    def build_pipeline(self, scopes: PipelineScopes) -> WorkloadPipeline:
        """Make the pipeline of the environment's workload in the stacks of this environment."""
        environment = self.environment_settings
        pipeline = pipeline_of(environment.workload)
        return pipeline(self, "Pipeline", environment=environment, network=self.network.network, scopes=scopes)

    def _build_stack(self, name: str) -> cdk.Stack:
        description = f"penstock {self.environment_settings.name}: {name.lower()}"
        return cdk.Stack(self, name, description=description)

    def _operate(self, application: FlinkApplication, settings: ApplicationSettings) -> None:
        name = application.node.id
        ApplicationOperations(
            self.processing,
            f"{name}Operations",
            application=application,
            environment=self.environment_settings,
            start=settings.start,
        )
        cdk.CfnOutput(self.processing, f"{name}Name", value=application.application_name)
        cdk.CfnOutput(self.processing, f"{name}LogGroupName", value=application.log.group.log_group_name)
