"""Everything of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_penstock.checks import require_customer_managed_keys
from cdk_penstock.foundation.runbooks import set_runbook_base_url
from cdk_penstock.pipeline import PipelineScopes
from stacks.alarms import build_topic
from stacks.dashboards import EnvironmentDashboards
from stacks.network_stack import NetworkStack
from stacks.operations import ApplicationOperations
from stacks.retention import ApplicationRetention
from stacks.workloads import pipeline_of

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
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
        if environment.runbook_base_url is not None:
            set_runbook_base_url(self, environment.runbook_base_url)
        self.network = NetworkStack(self, "Network", environment=environment)
        self.presentation = self._build_stack("Presentation")
        build_topic(self.presentation, environment)
        self.ingestion = self._build_stack("Ingestion")
        # A workspace that is refused, as where IAM Identity Center is off, is refused before 40 minutes of MSK.
        self.ingestion.add_stack_dependency(self.presentation)
        self.processing = self._build_stack("Processing")
        # It has the topic that alarms name.
        self.processing.add_stack_dependency(self.presentation)
        self.pipeline = self.build_pipeline(
            PipelineScopes(ingestion=self.ingestion, presentation=self.presentation, processing=self.processing)
        )
        self.generator = self.pipeline.build_generator(self.processing)
        operations = self._operate(self.pipeline.application, environment.application)
        self.pipeline.add_alarms(operations.alarms)
        if operations.operator is not None:
            ApplicationRetention(
                self.processing,
                "Retention",
                application=self.pipeline.application,
                operator=operations.operator,
                environment=environment,
                alarms=operations.alarms,
            )
        dashboards = EnvironmentDashboards(self.processing, "Dashboards", environment=environment)
        dashboards.add_application(
            self.pipeline.application,
            environment.application,
            operations=operations,
            counters=self.pipeline.counters(),
        )
        if self.generator is not None and environment.generator is not None:
            # It makes events up, and takes none with a time.
            its_operations = self._operate(self.generator, environment.generator, uses_event_time=False)
            dashboards.add_application(self.generator, environment.generator, operations=its_operations, counters={})
        dashboards.finish()
        if environment.sensitive_data and not environment.are_alarms_heard:
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
            f"nobody hears the alarms of {name}, with sensitive_data = true: its topic has no subscription. Set"
            f" alarm_topic in environments/{name}.toml to the ARN of an SNS topic that has one, or alarm_email to an"
            " address (docs/deploy.md, step 3)"
        )
        cdk.Annotations.of(self.processing).add_warning_v2(ALARMS_UNHEARD_WARNING, message)

    def _operate(
        self,
        application: FlinkApplication,
        settings: ApplicationSettings,
        *,
        uses_event_time: bool = True,
    ) -> ApplicationOperations:
        name = application.node.id
        operations = ApplicationOperations(
            self.processing,
            f"{name}Operations",
            application=application,
            environment=self.environment_settings,
            start=settings.start,
            uses_event_time=uses_event_time,
        )
        cdk.CfnOutput(self.processing, f"{name}Name", value=application.application_name)
        cdk.CfnOutput(self.processing, f"{name}LogGroupName", value=application.log.group.log_group_name)
        return operations
