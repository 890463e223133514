"""Everything of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_penstock.checks import require_customer_managed_keys
from cdk_penstock.pipeline import PipelineScopes
from stacks.dashboards import EnvironmentDashboards
from stacks.network_stack import NetworkStack
from stacks.operations import ApplicationOperations
from stacks.retention import ApplicationRetention
from stacks.workloads import pipeline_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.model.metrics import MetricDefinition
    from stacks.environment import ApplicationSettings, Environment
    from stacks.workload_pipeline import WorkloadPipeline

ALARMS_UNHEARD_WARNING: Final = "penstock:alarmsUnheard"


class PenstockStage(cdk.Stage):
    """One environment: its stacks in the order of their deployment, and the pipeline in them.

    A subclass overrides ``build_pipeline`` for another pipeline.
    """

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(
            scope,
            environment.stage_name,
            env=cdk.Environment(account=environment.account, region=environment.region),
        )
        self.environment_settings = environment
        self.network = NetworkStack(self, "Network", environment=environment)
        self.presentation = self._build_stack("Presentation")
        self.ingestion = self._build_stack("Ingestion")
        # A workspace that is refused, as where IAM Identity Center is off, is refused before 40 minutes of MSK.
        self.ingestion.add_stack_dependency(self.presentation)
        self.processing = self._build_stack("Processing")
        self.pipeline = self.build_pipeline(
            PipelineScopes(ingestion=self.ingestion, presentation=self.presentation, processing=self.processing)
        )
        self.generator = self.pipeline.build_generator(self.processing)
        self._dashboards = EnvironmentDashboards(self.processing, "Dashboards", environment=environment)
        operations = self._operate(
            self.pipeline.application, environment.application, counters=self.pipeline.counters()
        )
        if operations.operator is not None:
            ApplicationRetention(
                self.processing,
                "Retention",
                application=self.pipeline.application,
                operator=operations.operator,
                environment=environment,
            )
        if self.generator is not None and environment.generator is not None:
            self._operate(self.generator, environment.generator, counters={})
        self._dashboards.finish()
        if environment.sensitive_data and environment.alarm_topic is None:
            self._warn_of_alarms_unheard(environment.name)
        if environment.customer_managed_keys_required:
            require_customer_managed_keys(self)
        cdk.Tags.of(self).add("penstock:environment", environment.name)

    def build_pipeline(self, scopes: PipelineScopes) -> WorkloadPipeline:
        """Make the pipeline of the environment's workload in the stacks of this environment."""
        environment = self.environment_settings
        pipeline = pipeline_of(environment.workload)
        return pipeline(self, "Pipeline", environment=environment, network=self.network.network, scopes=scopes)

    def _build_stack(self, name: str) -> cdk.Stack:
        settings = self.environment_settings
        return cdk.Stack(
            self,
            name,
            description=f"penstock {settings.name}: {name.lower()}",
            termination_protection=settings.sensitive_data,
        )

    def _warn_of_alarms_unheard(self, name: str) -> None:
        message = (
            f"nobody hears the alarms of {name}: a job that fails and a key that is disabled are to be seen in"
            f" CloudWatch only, with sensitive_data = true. Set alarm_topic in environments/{name}.toml to the ARN of"
            " an SNS topic with a subscription (docs/deploy.md, step 3)"
        )
        cdk.Annotations.of(self.processing).add_warning_v2(ALARMS_UNHEARD_WARNING, message)

    def _operate(
        self,
        application: FlinkApplication,
        settings: ApplicationSettings,
        *,
        counters: Mapping[str, Sequence[MetricDefinition]],
    ) -> ApplicationOperations:
        name = application.node.id
        operations = ApplicationOperations(
            self.processing,
            f"{name}Operations",
            application=application,
            environment=self.environment_settings,
            start=settings.start,
        )
        self._dashboards.add_application(application, settings, operations=operations, counters=counters)
        cdk.CfnOutput(self.processing, f"{name}Name", value=application.application_name)
        cdk.CfnOutput(self.processing, f"{name}LogGroupName", value=application.log.group.log_group_name)
        return operations
