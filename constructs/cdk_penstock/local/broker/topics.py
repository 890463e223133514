"""Topics: making them, and knowing how far they are written and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from cdk_penstock.local.errors import LocalPipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# librdkafka writes to standard error when a broker goes away, which here is always on purpose.
QUIET_CLIENT: Final = {"log_level": "0", "log.connection.close": "false"}

TIMEOUT_SECONDS: Final = 15.0
_DRAIN_POLL_SECONDS: Final = 1.0
_BATCH_RECORDS: Final = 10_000


_COORDINATOR_NOT_SETTLED: Final = frozenset(
    {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
)


def explain(error: KafkaException) -> str:
    """Return what a Kafka exception says, without the names of its classes."""
    cause = error.args[0] if error.args else error
    return cause.str() if isinstance(cause, KafkaError) else str(cause)


def remaining_records(*, ends: Mapping[int, int], starts: Mapping[int, int], committed: Mapping[int, int]) -> int:
    """Return how many records a consumer group has still to read.

    ``ends`` and ``starts`` are the offsets after the last record and of the first one, by partition. A committed offset
    is negative or absent if the group never committed any.
    """
    total = 0
    for partition, end in ends.items():
        position = committed.get(partition, -1)
        total += end - (position if position >= 0 else starts.get(partition, 0))
    return total


class TopicAccess:
    """Administration and reading of topics on one broker.

    Parameters
    ----------
    bootstrap_servers
        The broker's address.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, **QUIET_CLIENT})

    def create(self, topic: str, *, partitions: int) -> None:
        """Create a topic; raise LocalPipelineError if the broker refuses it, for example because it exists already."""
        future = self._admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])[topic]
        try:
            future.result(timeout=TIMEOUT_SECONDS)
        except KafkaException as error:
            raise LocalPipelineError(
                f"topic {topic} could not be created on {self._bootstrap_servers}: {explain(error)}"
            ) from error

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of a topic, an empty list if there is no such topic."""
        found = self._admin.list_topics(timeout=TIMEOUT_SECONDS).topics.get(topic)
        return [] if found is None else sorted(found.partitions)

    def offsets(self, topic: str) -> tuple[dict[int, int], dict[int, int]]:
        """Return the first offset and the offset after the last record, per partition."""
        places = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        starts, ends = (self._list_offsets(places, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return starts, ends

    def _list_offsets(self, places: Sequence[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
        asked = self._admin.list_offsets(
            dict.fromkeys(places, spec),
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=TIMEOUT_SECONDS,
        )
        return {
            place.partition: future.result().offset  # type: ignore[attr-defined] # the stubs leave it out
            for place, future in asked.items()
        }

    def count(self, topic: str) -> int:
        """Return how many records a topic holds."""
        starts, ends = self.offsets(topic)
        return sum(ends.values()) - sum(starts.values())

    def remaining(self, topic: str, *, group: str) -> int:
        """Return how many records of a topic a consumer group has not committed yet.

        A group whose coordinator is not settled yet, as shortly after a broker's start, has committed nothing.
        """
        starts, ends = self.offsets(topic)
        # Not through the admin client: librdkafka dereferences a null pointer there when the group's coordinator is not
        # ready yet, and takes the whole process down.
        consumer = self._consumer(group)
        try:
            places = consumer.committed([TopicPartition(topic, number) for number in ends], timeout=TIMEOUT_SECONDS)
        except KafkaException as error:
            cause = error.args[0]
            if not isinstance(cause, KafkaError) or cause.code() not in _COORDINATOR_NOT_SETTLED:
                raise
            places = []
        finally:
            consumer.close()
        committed = {place.partition: place.offset for place in places}
        return remaining_records(ends=ends, starts=starts, committed=committed)

    def records(self, topic: str) -> Iterator[bytes]:
        """Yield the values of all records that a topic holds now, partition by partition."""
        starts, ends = self.offsets(topic)
        for partition, end in ends.items():
            position = starts[partition]
            consumer = self._consumer("penstock-reader")
            try:
                consumer.assign([TopicPartition(topic, partition, position)])
                while position < end:
                    for message in consumer.consume(_BATCH_RECORDS, timeout=_DRAIN_POLL_SECONDS):
                        offset = message.offset()
                        if message.error() is None and offset is not None and offset < end:
                            yield message.value() or b""
                            position = offset + 1
            finally:
                consumer.close()

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._bootstrap_servers,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                **QUIET_CLIENT,
            }
        )
