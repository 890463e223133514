"""The pipeline of a workload in the stacks of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.pipeline import PipelineScopes, StreamingPipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.model.kafka_storage import TopicLoad
    from cdk_penstock.model.metrics import MetricDefinition
    from cdk_penstock.network import IApplicationVpc
    from cdk_penstock.observability.alarms import ApplicationAlarms
    from stacks.environment import ApplicationSettings, Environment


class WorkloadPipeline(StreamingPipeline):
    """A pipeline that takes its values from an environment; a subclass overrides a builder method to swap a part."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: IApplicationVpc,
        scopes: PipelineScopes | None = None,
    ) -> None:
        self.environment = environment
        self.network = network
        super().__init__(scope, construct_id, scopes=scopes)

    @classmethod
    def check_environment(cls, environment: Environment) -> None:
        """Raise ValueError for values with which the workload cannot run; called when a file is loaded."""

    @classmethod
    def generator_load(cls, generator: ApplicationSettings) -> TopicLoad | None:  # noqa: ARG003 (as above)
        """Return the load that a generator with these settings makes. Default: None, nobody knows."""
        return None

    @classmethod
    def counters(cls) -> Mapping[str, Sequence[MetricDefinition]]:
        """Return what the job counts, for the dashboard: titles, and the counters below each. Default: nothing."""
        return {}

    def add_alarms(self, alarms: ApplicationAlarms) -> None:
        """Add the alarms of the source; a workload adds those on its own counters."""
        self.source.add_alarms(alarms)

    def build_generator(self, scope: Construct) -> FlinkApplication | None:  # noqa: ARG002 (for workloads that have one)
        """Make the application that makes up events, connected to the source. Default: none."""
        return None
