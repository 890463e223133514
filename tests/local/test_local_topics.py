from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from cdk_penstock.local.broker.topics import TopicAccess


class Coordinator:
    """A consumer whose group's coordinator answers with an error."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.closed = False

    def committed(self, *_: Any, **__: Any) -> None:
        raise KafkaException(KafkaError(self._code))

    def close(self) -> None:
        self.closed = True


def access(monkeypatch: pytest.MonkeyPatch, consumer: Coordinator) -> TopicAccess:
    topics = TopicAccess("127.0.0.1:1")
    monkeypatch.setattr(topics, "offsets", lambda _: ({0: 2}, {0: 10}))
    monkeypatch.setattr(topics, "_consumer", lambda _: consumer)
    return topics


@pytest.mark.parametrize(
    "code",
    [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS],
)
def test_a_group_without_a_settled_coordinator_has_committed_nothing(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    consumer = Coordinator(code)
    assert access(monkeypatch, consumer).remaining("events", group="job") == 8
    assert consumer.closed


def test_another_error_of_the_broker_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Coordinator(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        access(monkeypatch, consumer).remaining("events", group="job")
    assert consumer.closed
