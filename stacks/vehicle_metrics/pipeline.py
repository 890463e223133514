"""The pipeline of the vehicle job: a fleet's events through Kafka and Flink to Prometheus and Grafana."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import CfnOutput, Duration, Size, Stack

from cdk_penstock.model.kafka_storage import TopicLoad
from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from cdk_penstock.pipeline import KafkaSource, PrometheusSink
from cdk_penstock.streams.kafka import BrokerInstance, KafkaTopic, ProvisionedKafkaCluster
from stacks.alarms import alarm_actions, alarm_topic
from stacks.applications import build_application
from stacks.vehicle_metrics.alerting import RULES, alert_manager
from stacks.vehicle_metrics.counters import COUNTER_ALARMS, COUNTERS
from stacks.workload_pipeline import WorkloadPipeline
from vehicle_metrics import contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.model.metrics import MetricDefinition
    from cdk_penstock.observability.alarms import ApplicationAlarms
    from cdk_penstock.pipeline import Sink, Source
    from cdk_penstock.streams.kafka import IKafkaCluster
    from stacks.environment import ApplicationSettings, Environment, EventsSettings

_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_EVENT_BYTES: Final = 130
_COMPRESSION_RATIO: Final = 4.3
"""Measured on a broker's disk, with lz4 and the generator's batches: 23 to 30 bytes an event."""


class VehiclePipeline(WorkloadPipeline):
    """The pipeline of an environment; override a builder method to swap a part of it."""

    @classmethod
    def check_environment(cls, environment: Environment) -> None:
        """Raise ValueError for topics that are the same, and for properties that the bundled jobs do not take."""
        events, dead_letters = _topics(environment.events)
        if events == dead_letters:
            raise ValueError(
                f"events.dead_letters_topic: got {dead_letters!r}, which is the topic of the events: give it another"
                " one, or the job would read its dead letters"
            )
        for application in environment.applications:
            if application.code.is_of_the_workload:
                contract.check_property_groups(application.properties)

    @classmethod
    def generator_load(cls, generator: ApplicationSettings) -> TopicLoad | None:
        """Return the load of a fleet; None where it makes events as fast as it can."""
        rate = contract.Fleet.events_per_second
        text = generator.properties.get(contract.Fleet.name, {}).get(rate.key, str(rate.default))
        if not _WHOLE.fullmatch(text) or int(text) == 0:
            return None
        return TopicLoad(records_per_second=int(text), record_bytes=_EVENT_BYTES, compression_ratio=_COMPRESSION_RATIO)

    @classmethod
    def counters(cls) -> Mapping[str, Sequence[MetricDefinition]]:
        """Return the job's dead letters by reason, and the samples that it dropped."""
        return COUNTERS

    def add_alarms(self, alarms: ApplicationAlarms) -> None:
        """Add the alarms of the source, on dead letters, and on samples that are dropped or wait."""
        super().add_alarms(alarms)
        alarms.add_stuck_sink_alarm(
            "SamplesWaiting",
            kind="samples-waiting",
            written="numWriteRequestsOut",
            repeated="numWriteRequestsRetries",
            text="no sample reaches the workspace",
        )
        for each in COUNTER_ALARMS:
            alarms.add_counter_alarm(each.construct_id, kind=each.kind, counters=each.counters, text=each.text)

    def build_source(self, scope: Construct) -> Source:
        """Make the cluster and the topics of events and dead letters."""
        settings = self.environment.events
        events, dead_letters = _topics(settings)
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
                topic_name=events,
                partitions=settings.partitions,
                expected_load=self.environment.event_load,
                **topic,
            ),
            dead_letters=KafkaTopic(scope, "DeadLetters", topic_name=dead_letters, partitions=1, **topic),
            consumer_group=str(contract.InputEvents.consumer_group.default),
            group=contract.InputEvents.name,
            dead_letters_group=contract.DeadLettersOutput.name,
            writer_group=contract.EventsOutput.name,
        )

    def build_sink(self, scope: Construct) -> Sink:
        """Make the workspaces of metrics and dashboards."""
        settings, topic = self.environment.metrics, alarm_topic(scope, self.environment)
        workspace = MetricsWorkspace(
            scope,
            "Metrics",
            workspace_alias=settings.workspace_name,
            retention_days=settings.retention_days,
            rules=RULES,
            alert_manager=alert_manager(topic.topic_arn, topic.env.region),
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

    def build_generator(self, scope: Construct) -> FlinkApplication | None:
        """Make the fleet generator, which writes where the job reads, if that is Kafka."""
        settings = self.environment.generator
        if settings is None or not isinstance(self.source, KafkaSource):
            return None
        generator = build_application(
            scope, "VehicleGenerator", settings, environment=self.environment, network=self.network
        )
        self.source.connect_writer(generator)
        return generator

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
        from stacks.vehicle_metrics.dashboard import cloudwatch_url, connected_vehicles, vehicle_operations  # noqa: PLC0415

        grafana = DashboardWorkspace(
            scope,
            "Dashboards",
            workspace_name=self.environment.metrics.workspace_name,
            identity_source=IdentitySource.iam_identity_center(),
            removal_policy=self.environment.removal_policy,
        )
        prometheus = grafana.add_prometheus_data_source(metrics, is_default=True)
        cloudwatch = grafana.add_cloudwatch_data_source()
        application = self.environment.application
        links = {"CloudWatch": cloudwatch_url(application.name, region=self.environment.region)}
        if self.environment.runbook_base_url is not None:
            links["Runbooks"] = self.environment.runbook_base_url
        grafana.add_dashboard(connected_vehicles(prometheus, links=links))
        grafana.add_dashboard(
            vehicle_operations(application, prometheus=prometheus, cloudwatch=cloudwatch, links=links)
        )
        CfnOutput(Stack.of(scope), "GrafanaUrl", value=grafana.workspace_url)


def _topics(settings: EventsSettings) -> tuple[str, str]:
    """Return the names of the topics of events and dead letters."""
    return settings.topic or contract.EVENTS_TOPIC, settings.dead_letters_topic or contract.DEAD_LETTERS_TOPIC


PIPELINE = VehiclePipeline
