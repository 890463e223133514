from __future__ import annotations

from typing import Any

import pytest

from penstock.handlers import application, application_key, application_start


@pytest.mark.parametrize("call", ["on_event", "is_complete"])
@pytest.mark.parametrize(
    ("resource_type", "module"),
    [
        ("Custom::PenstockApplicationKey", application_key),
        ("Custom::PenstockApplicationStart", application_start),
    ],
)
def test_each_type_of_resource_goes_to_its_own_handler(
    call: str, resource_type: str, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, call, lambda event, context: (event["ResourceType"], module.__name__, context))
    answer = getattr(application, call)({"ResourceType": resource_type}, "context")
    assert answer == (resource_type, module.__name__, "context")
