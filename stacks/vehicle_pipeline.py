"""The connected-vehicles pipeline: a fleet's events through Kafka and Flink to Prometheus and Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Duration, Size, Stack

from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from cdk_penstock.pipeline import KafkaSource, PipelineScopes, PrometheusSink, StreamingPipeline
from cdk_penstock.streams.kafka import BrokerInstance, KafkaTopic, ProvisionedKafkaCluster
from stacks.alarms import alarm_actions
from stacks.applications import build_application

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.network import IApplicationVpc
    from cdk_penstock.pipeline import Sink, Source
    from cdk_penstock.streams.kafka import IKafkaCluster
    from stacks.environment import Environment

__all__ = ("VehiclePipeline",)

_CONSUMER_GROUP = "vehicle-metrics"


class VehiclePipeline(StreamingPipeline):
    """The pipeline of an environment; override a builder method to swap a part of it."""

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

    def build_source(self, scope: Construct) -> Source:
        """Make the cluster and the topics of events and dead letters."""
        settings = self.environment.events
        cluster = self._build_cluster(scope)
        topic: dict[str, Any] = {
            "cluster": cluster,
            "retention": Duration.hours(settings.retention_hours),
            "retention_per_partition": Size.bytes(settings.retention_bytes_per_partition),
            "removal_policy": self.environment.removal_policy,
        }
        return KafkaSource(
            events=KafkaTopic(
                scope,
                "Events",
                topic_name=settings.topic,
                partitions=settings.partitions,
                expected_load=self.environment.event_load,
                **topic,
            ),
            dead_letters=KafkaTopic(
                scope, "DeadLetters", topic_name=settings.dead_letters_topic, partitions=1, **topic
            ),
            consumer_group=_CONSUMER_GROUP,
        )

    def build_sink(self, scope: Construct) -> Sink:
        """Make the workspaces of metrics and dashboards."""
        settings = self.environment.metrics
        workspace = MetricsWorkspace(
            scope,
            "Metrics",
            workspace_alias=settings.workspace_name,
            retention_days=settings.retention_days,
            removal_policy=self.environment.removal_policy,
        )
        CfnOutput(Stack.of(scope), "PrometheusQueryUrl", value=workspace.query_url)
        if settings.dashboards:
            self._build_dashboards(scope, workspace)
        return PrometheusSink(workspace=workspace, network=self.network)

    def build_application(self, scope: Construct) -> FlinkApplication:
        """Make the job that turns events into metrics."""
        return build_application(
            scope, "VehicleMetrics", self.environment.application, environment=self.environment, network=self.network
        )

    def _build_cluster(self, scope: Construct) -> IKafkaCluster:
        settings = self.environment.events
        cluster = ProvisionedKafkaCluster(
            scope,
            "Kafka",
            vpc=self.network.vpc,
            vpc_subnets=self.network.application_subnets,
            cluster_name=settings.cluster_name,
            broker_instance=BrokerInstance.of(settings.broker_instance),
            storage_gib_per_broker=settings.storage_gib_per_broker,
            removal_policy=self.environment.removal_policy,
        )
        actions = alarm_actions(cluster, self.environment)
        for alarm in cluster.add_disk_alarms():
            alarm.add_alarm_action(*actions)
        return cluster

    def _build_dashboards(self, scope: Construct, metrics: MetricsWorkspace) -> None:
        # The dashboard's library takes a while to import.
        from cdk_penstock.observability.dashboards.connected_vehicles import connected_vehicles  # noqa: PLC0415

        grafana = DashboardWorkspace(
            scope,
            "Dashboards",
            workspace_name=self.environment.metrics.workspace_name,
            identity_source=IdentitySource.iam_identity_center(),
            removal_policy=self.environment.removal_policy,
        )
        grafana.add_dashboard(connected_vehicles(grafana.add_prometheus_data_source(metrics, is_default=True)))
        CfnOutput(Stack.of(scope), "GrafanaUrl", value=grafana.workspace_url)
