"""The alarms of the vehicle job with everything on, as docs/alarms.md adds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication, MetricsLevel
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of
from cdk_penstock.observability.alarms import ApplicationAlarms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm

_HASH: Final = re.compile(r"[0-9A-F]{8}$")
_FIVE_MINUTES: Final = Duration.minutes(5)


def vehicle_alarms_template() -> Mapping[str, Any]:
    """Return a template with all alarms of an application; its code is in a bucket, and not looked at."""
    stack = Stack(App(), "Vehicles")
    bucket = s3.Bucket.from_bucket_name(stack, "Code", "code-of-the-example")
    application = FlinkApplication(
        stack,
        "Metrics",
        code=ApplicationCode.from_bucket(bucket, "job.zip"),
        application_name="vehicle-metrics",
        metrics_level=MetricsLevel.TASK,
    )
    alarms = ApplicationAlarms(
        stack, "Alarms", application=application, runbook_base_url="https://example.com/penstock/docs/runbooks"
    )
    stream = kinesis.Stream(stack, "Stream")
    alarms.add_kinesis_lag_alarm(stream_name=stream.stream_name)
    alarms.add_kafka_lag_alarm()
    alarms.add_counter_alarm(
        "SamplesDropped", kind="samples-dropped", counters=["numSamplesDropped"], text="the sink dropped samples"
    )
    alarms.add_counter_alarm(
        "DeadLetters", kind="dead-letters", counters=["deadLettersLate"], text="records came too late"
    )
    alarms.add_stuck_sink_alarm(
        "SamplesWaiting",
        kind="samples-waiting",
        written="numWriteRequestsOut",
        repeated="numWriteRequestsRetries",
        text="no sample reaches the workspace",
    )
    alarms.add_back_pressure_alarm("Windows")
    alarms.add_throttled_producers_alarm(
        throttled=stream.metric("WriteProvisionedThroughputExceeded", statistic="Sum", period=_FIVE_MINUTES),
        incoming=stream.metric_incoming_records(statistic="Sum", period=_FIVE_MINUTES),
    )
    return Template.from_stack(stack).to_json()


def without_hash(logical_id: str) -> str:
    """Return a logical id as it is shown: without the hash at its end."""
    return _HASH.sub("", logical_id)


def vehicle_alarms() -> Mapping[str, Alarm]:
    """Return those alarms by their logical ids."""
    return alarms_of(vehicle_alarms_template())
