from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cdk_penstock.handlers import kafka_bootstrap_brokers_handler
from cdk_penstock.handlers.events import Event
from cdk_penstock.handlers.kafka_bootstrap_brokers_handler import KafkaBootstrapBrokersHandler
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.errors import PenstockError

ARN = "arn:aws:kafka:eu-central-1:111122223333:cluster/fleet/0a1b-2"


class Kafka:
    """MSK's answers, checked against botocore's model of the service."""

    def __init__(self, state: str, brokers: dict[str, str] | None = None) -> None:
        self.client = boto3.client(
            "kafka", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stubber = Stubber(self.client)
        self.stubber.add_response("describe_cluster_v2", {"ClusterInfo": {"State": state}}, {"ClusterArn": ARN})
        if brokers is not None:
            self.stubber.add_response("get_bootstrap_brokers", brokers, {"ClusterArn": ARN})
        self.stubber.activate()

    def session(self, **_: Any) -> Any:
        kafka = self

        class Session:
            def client(self, name: str, **_: Any) -> Any:
                assert name == "kafka"
                return kafka.client

        return Session()

    def handler(self) -> KafkaBootstrapBrokersHandler:
        return KafkaBootstrapBrokersHandler(Services(new_session=self.session))


def event(request_type: str = "Create", **more: Any) -> Event:
    properties = {"ClusterArn": ARN, "ClusterRevision": "1"}
    started_at = str(int(datetime.now(UTC).timestamp()))
    return Event.parse({"RequestType": request_type, "ResourceProperties": properties, "StartedAt": started_at, **more})


def test_the_addresses_for_iam_are_returned_in_a_stable_order() -> None:
    kafka = Kafka("ACTIVE", {"BootstrapBrokerStringSaslIam": "b-2:9098,b-1:9098", "BootstrapBrokerStringTls": "b:9094"})
    answer = kafka.handler().is_complete(event())
    assert answer == {"IsComplete": True, "Data": {"BootstrapServers": "b-1:9098,b-2:9098"}}
    kafka.stubber.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "HEALING", "MAINTENANCE", "REBOOTING_BROKER"])
def test_a_cluster_that_cannot_say_yet_is_asked_again(state: str) -> None:
    assert Kafka(state).handler().is_complete(event("Update")) == {"IsComplete": False}


def test_a_cluster_that_failed_or_takes_no_iam_fails_the_deployment() -> None:
    with pytest.raises(PenstockError, match="is FAILED and has no brokers"):
        Kafka("FAILED").handler().is_complete(event())
    with pytest.raises(PenstockError, match="switch on IAM authentication"):
        Kafka("ACTIVE", {"BootstrapBrokerStringTls": "b:9094"}).handler().is_complete(event())


def test_a_cluster_has_one_resource_which_goes_without_a_call() -> None:
    handler = Kafka("ACTIVE").handler()
    made = handler.on_event(event())["PhysicalResourceId"]
    assert handler.on_event(event("Update", PhysicalResourceId=made))["PhysicalResourceId"] == made
    going = event("Delete", PhysicalResourceId=made)
    assert handler.on_event(going)["PhysicalResourceId"] == made
    assert handler.is_complete(going) == {"IsComplete": True, "Data": {}}


def test_a_template_without_the_arn_is_refused() -> None:
    with pytest.raises(PenstockError, match="ClusterArn"):
        Kafka("ACTIVE").handler().on_event(Event.parse({"RequestType": "Create", "ResourceProperties": {}}))


def test_the_functions_of_the_lambda_are_the_handlers() -> None:
    going = {"RequestType": "Delete", "PhysicalResourceId": "x", "ResourceProperties": {}}
    answer = kafka_bootstrap_brokers_handler.on_event(going, None)
    assert answer["PhysicalResourceId"] == "x"
    assert kafka_bootstrap_brokers_handler.is_complete(going | answer, None)["IsComplete"] is True
