"""The CDK's provider framework as far as a handler sees it, and CloudFormation behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.handlers.events import Event
from tests.control.fake_aws import STACK

if TYPE_CHECKING:
    from tests.control.fake_session import FakeAws

QUERY_SECONDS = 30
TOTAL_SECONDS = 55 * 60
INVOCATION_SECONDS = 600
SERVICE_TOKEN = "arn:aws:lambda:eu-central-1:111122223333:function:framework"


class NeverCompleteError(Exception):
    """The framework's total timeout."""


class Handler(Protocol):
    def on_event(self, event: Event) -> dict[str, Any]: ...

    def is_complete(self, event: Event) -> dict[str, Any]: ...


class Framework:
    """Calls ``on_event`` once and ``is_complete`` until it is true, each with time limits and plain JSON."""

    def __init__(self, aws: FakeAws, handler: Handler) -> None:
        self._aws, self._handler = aws, handler
        self.physical_resource_id = ""
        self.failed_in = ""

    def create(self, properties: dict[str, Any]) -> dict[str, Any]:
        return self.send("Create", properties)

    def update(self, properties: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
        return self.send("Update", properties, old)

    def delete(self, properties: dict[str, Any]) -> dict[str, Any]:
        return self.send("Delete", properties)

    def send(self, request_type: str, properties: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        # A deployment begins a while after what was before it.
        self._aws.world.sleep(60)
        event: dict[str, Any] = {
            "RequestType": request_type,
            "ResourceProperties": {"ServiceToken": SERVICE_TOKEN, **properties},
            "StackId": STACK,
        }
        if request_type != "Create":
            event["PhysicalResourceId"] = self.physical_resource_id or "from an earlier deployment"
        if old is not None and request_type == "Update":
            event["OldResourceProperties"] = {"ServiceToken": SERVICE_TOKEN, **old}
        self.failed_in = "on_event"
        answer = self._invoke(self._handler.on_event, event)
        if request_type == "Delete":
            assert answer["PhysicalResourceId"] == event["PhysicalResourceId"]
        event |= answer
        self.physical_resource_id = answer["PhysicalResourceId"]
        self.failed_in = "is_complete"
        for _ in range(TOTAL_SECONDS // QUERY_SECONDS):
            self._aws.world.sleep(QUERY_SECONDS)
            result = self._invoke(self._handler.is_complete, event)
            if result["IsComplete"]:
                self.failed_in = ""
                assert all(isinstance(value, str) for value in result["Data"].values())
                return event | result
            assert result == {"IsComplete": False}
        raise NeverCompleteError

    def _invoke(self, function: Any, event: dict[str, Any]) -> dict[str, Any]:
        begin = self._aws.world.time
        answer: dict[str, Any] = json.loads(json.dumps(function(Event.parse(json.loads(json.dumps(event))))))
        assert (self._aws.world.time - begin).total_seconds() < INVOCATION_SECONDS
        return answer
