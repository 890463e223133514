from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.clients import Clock
from cdk_penstock.handlers import application_handler
from cdk_penstock.handlers.application_key_handler import ApplicationKeyHandler
from cdk_penstock.handlers.events import complete
from cdk_penstock.handlers.handler import Handler
from cdk_penstock.handlers.kept_parallelism_handler import KeptParallelismHandler
from cdk_penstock.handlers.services import Services
from cdk_penstock.handlers.verified_start_handler import VerifiedStartHandler

if TYPE_CHECKING:
    from cdk_penstock.handlers.events import Event, Result

TYPES = {
    "Custom::PenstockApplicationKey": ApplicationKeyHandler,
    "Custom::PenstockApplicationStart": VerifiedStartHandler,
    "Custom::PenstockKeptParallelism": KeptParallelismHandler,
}


class Recorder(Handler[Services]):
    def begin(self, event: Event) -> Result:
        return {"PhysicalResourceId": event.properties["Name"]}

    def advance(self, event: Event) -> Result:
        return complete(Name=event.properties["Name"])


def test_each_type_of_resource_has_its_own_handler() -> None:
    assert application_handler._BY_TYPE == TYPES


@pytest.mark.parametrize("resource_type", TYPES)
def test_an_event_goes_to_the_handler_of_its_type(resource_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    services = Services(clock=Clock(now=lambda: now))
    monkeypatch.setitem(application_handler._BY_TYPE, resource_type, lambda _services: Recorder(services))
    event = {"RequestType": "Create", "ResourceType": resource_type, "ResourceProperties": {"Name": resource_type}}
    answer = application_handler.on_event(event, None)
    assert answer == {"PhysicalResourceId": resource_type, "StartedAt": str(int(now.timestamp()))}
    assert application_handler.is_complete(event | answer, None)["Data"] == {"Name": resource_type}
