"""Sending records to a Kafka topic, in order per key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from cdk_penstock.local.broker.topics import QUIET_CLIENT, explain
from cdk_penstock.local.errors import ClientSettingError, LocalPipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FLUSH_SECONDS: Final = 60.0
METADATA_SECONDS: Final = 10.0
# Idempotence keeps the order per partition through retries; murmur2 puts a key where Java clients put it.
PRODUCER_SETTINGS: dict[str, str | bool] = {
    "enable.idempotence": "true",
    "partitioner": "murmur2_random",
    "linger.ms": "20",
    "batch.size": "262144",
    "compression.type": "lz4",
    "queue.buffering.max.messages": "500000",
    "delivery.report.only.error": True,
}


class KafkaSink:
    """A :class:`cdk_penstock.local.event_replay.RecordSink` that is one topic, which must exist.

    ``settings`` are more settings of librdkafka, for example for TLS and SASL. Raises ClientSettingError for a setting
    that the client refuses, before any broker is asked, and LocalPipelineError where no broker answers or there is no
    such topic.
    """

    def __init__(self, bootstrap_servers: str, topic: str, *, settings: Mapping[str, str] | None = None) -> None:
        self._topic = topic
        self._error: KafkaError | None = None
        common = {"bootstrap.servers": bootstrap_servers, **QUIET_CLIENT, **(settings or {})}
        try:
            self._producer = Producer({**PRODUCER_SETTINGS, **common, "on_delivery": self._delivered})
            admin = AdminClient(common)
        except KafkaException as error:
            raise ClientSettingError(f"the Kafka client refuses its settings: {explain(error)}") from error
        try:
            found = admin.list_topics(timeout=METADATA_SECONDS).topics
        except KafkaException as error:
            raise LocalPipelineError(
                f"no Kafka broker answers at {bootstrap_servers}, or it refuses: {explain(error)}"
            ) from error
        if topic not in found:
            names = ", ".join(sorted(name for name in found if not name.startswith("__"))) or "none"
            raise LocalPipelineError(
                f"there is no topic {topic} at {bootstrap_servers}; topics there: {names}; create it first"
            )

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._error = error or self._error

    def send(self, key: bytes | None, value: bytes) -> None:
        """Send one record; wait while too many are on their way.

        Raises LocalPipelineError if a record sent before could not be delivered.
        """
        while True:
            try:
                self._producer.produce(self._topic, value=value, key=key)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)
        self._require_delivery()

    def flush(self) -> None:
        """Wait until all records have arrived; raise LocalPipelineError if some have not."""
        left = self._producer.flush(_FLUSH_SECONDS)
        self._require_delivery()
        if left:
            raise LocalPipelineError(f"{left:,} records did not reach topic {self._topic} within {_FLUSH_SECONDS:g} s")

    def _require_delivery(self) -> None:
        if self._error is not None:
            raise LocalPipelineError(f"a record could not be delivered to topic {self._topic}: {self._error.str()}")
