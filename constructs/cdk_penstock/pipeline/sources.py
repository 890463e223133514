"""Sources of events that connect themselves to an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration

from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.pipeline.service_access import reach_service

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.network import IApplicationVpc
    from cdk_penstock.observability.alarms import ApplicationAlarms
    from cdk_penstock.streams.kafka import IKafkaTopic
    from cdk_penstock.streams.kinesis import IEventStream


@dataclass(frozen=True, kw_only=True)
class KinesisSource:
    """Events in a stream of Kinesis, which a job polls.

    Parameters
    ----------
    events
        The stream.
    group
        The property group that the job reads.
    network
        The VPC that the application is in, which gets an endpoint for the service. Default: none.
    """

    events: IEventStream
    group: str = "input.events"
    network: IApplicationVpc | None = None

    def connect_reader(self, application: FlinkApplication) -> None:
        """Allow the application to read."""
        reach_service(application, self.network, AwsService.KINESIS_STREAMS)
        self.events.grant_read(application)
        application.add_property_group(self.group, self.events.connection_properties())

    def add_alarms(self, alarms: ApplicationAlarms) -> None:
        """Add the alarms on the lag of the job, and on producers that the stream throttles."""
        alarms.add_kinesis_lag_alarm(stream_name=self.events.stream_name)
        period = Duration.minutes(5)
        alarms.add_throttled_producers_alarm(
            throttled=self.events.metric("WriteProvisionedThroughputExceeded", statistic="Sum", period=period),
            incoming=self.events.metric("IncomingRecords", statistic="Sum", period=period),
        )


@dataclass(frozen=True, kw_only=True)
class KafkaSource:
    """Events in a topic, and a topic for those that a job cannot use.

    Parameters
    ----------
    events
        The topic of the events.
    dead_letters
        The topic of what the job cannot use. Default: none.
    consumer_group
        The group in which the job reads.
    group, dead_letters_group, writer_group
        The property groups in which the job looks for events and dead letters, and in which an application that writes
        events looks for their topic.
    """

    events: IKafkaTopic
    consumer_group: str
    dead_letters: IKafkaTopic | None = None
    group: str = "input.events"
    dead_letters_group: str = "output.dead.letters"
    writer_group: str = "output.events"

    def connect_reader(self, application: FlinkApplication) -> None:
        """Let the application read, and write dead letters."""
        self.events.cluster.allow_clients(application)
        self.events.grant_read(application, consumer_group=self.consumer_group)
        application.add_run_dependency(self.events, self.dead_letters)
        application.add_property_group(self.group, self.events.input_properties(consumer_group=self.consumer_group))
        if self.dead_letters is not None:
            self.dead_letters.grant_write(application)
            application.add_property_group(self.dead_letters_group, {"topic": self.dead_letters.topic_name})

    def add_alarms(self, alarms: ApplicationAlarms) -> None:
        """Add the alarm on the lag of the job."""
        alarms.add_kafka_lag_alarm()

    def connect_writer(self, application: FlinkApplication) -> None:
        """Let an application write events."""
        self.events.cluster.allow_clients(application)
        self.events.grant_write(application)
        application.add_run_dependency(self.events)
        application.add_property_group(self.writer_group, self.events.connection_properties())
