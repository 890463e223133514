"""The metrics of streams, clusters and other AWS services that alarms and dashboards use."""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.metrics.metric_definition import MetricDefinition, MetricKind, MissingData

KINESIS_NAMESPACE: Final = "AWS/Kinesis"
_KINESIS_PAGE: Final = "https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html"
_KAFKA_PAGE: Final = "https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html"
_EVENTS_PAGE: Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"
_LAMBDA_PAGE: Final = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"


def _count(namespace: str, name: str, meaning: str, page: str, *dimensions: str) -> MetricDefinition:
    return MetricDefinition(
        name=name,
        meaning=meaning,
        namespace=namespace,
        unit="Count",
        kind=MetricKind.COUNT,
        statistic="Sum",
        missing=MissingData.NO_EVENT,
        page=page,
        dimensions=dimensions,
    )


def _gauge(namespace: str, name: str, unit: str, meaning: str, page: str, *dimensions: str) -> MetricDefinition:
    return MetricDefinition(
        name=name,
        meaning=meaning,
        namespace=namespace,
        unit=unit,
        kind=MetricKind.GAUGE,
        statistic="Maximum",
        missing=MissingData.NOT_MEASURED,
        page=page,
        dimensions=dimensions,
    )


_KAFKA: Final = "Cluster Name"

SOURCE_METRICS: Final = (
    _count(
        KINESIS_NAMESPACE,
        "WriteProvisionedThroughputExceeded",
        "Records whose writing Kinesis throttled.",
        _KINESIS_PAGE,
        "StreamName",
    ),
    _count(
        KINESIS_NAMESPACE,
        "ReadProvisionedThroughputExceeded",
        "Reads that Kinesis throttled.",
        _KINESIS_PAGE,
        "StreamName",
    ),
    _count(KINESIS_NAMESPACE, "IncomingRecords", "Records that came in.", _KINESIS_PAGE, "StreamName"),
    _gauge(
        KINESIS_NAMESPACE,
        "GetRecords.IteratorAgeMilliseconds",
        "Milliseconds",
        "Time that the slowest polling consumer is behind.",
        _KINESIS_PAGE,
        "StreamName",
    ),
    _gauge("AWS/Kafka", "OfflinePartitionsCount", "Count", "Partitions without a leader.", _KAFKA_PAGE, _KAFKA),
    _gauge("AWS/Kafka", "ActiveControllerCount", "Count", "Active controllers; always one.", _KAFKA_PAGE, _KAFKA),
    _gauge(
        KINESIS_NAMESPACE,
        "SubscribeToShardEvent.MillisBehindLatest",
        "Milliseconds",
        "Time that a consumer with enhanced fan-out is behind.",
        _KINESIS_PAGE,
        "StreamName",
        "ConsumerName",
    ),
    _gauge(
        "AWS/Kafka",
        "KafkaDataLogsDiskUsed",
        "Percent",
        "Use of a broker's disk for data logs.",
        _KAFKA_PAGE,
        _KAFKA,
        "Broker ID",
    ),
    _gauge(
        "AWS/Kafka",
        "MaxOffsetLag",
        "Count",
        "Records that a consumer group is behind in its worst partition.",
        _KAFKA_PAGE,
        _KAFKA,
        "Consumer Group",
        "Topic",
    ),
    _count("AWS/Events", "MatchedEvents", "Events that a rule of EventBridge matched.", _EVENTS_PAGE, "RuleName"),
    _count("AWS/Lambda", "Errors", "Calls of a function that failed.", _LAMBDA_PAGE, "FunctionName"),
    _count(
        "AWS/Lambda",
        "AsyncEventsDropped",
        "Calls that Lambda dropped after its last attempt.",
        _LAMBDA_PAGE,
        "FunctionName",
    ),
)
