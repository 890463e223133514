"""The table of what CloudFormation calls is what the schemas of the installed cfn-lint say."""

from __future__ import annotations

import json

import pytest

from cdk_penstock.review.execution.handler_calls import is_placed
from cdk_penstock.review.execution.permissions import never_called
from cdk_penstock.review.execution.resource_arns import FORMS
from tools.handler_permissions import RESOURCE_TYPES, TABLE, table


def test_the_table_is_that_of_the_installed_schemas() -> None:
    assert json.loads(TABLE.read_text(encoding="utf-8")) == table(), "run tools/handler_permissions.py"


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_of_every_call_it_is_known_on_which_resources_it_is_made(resource_type: str) -> None:
    assert resource_type in FORMS
    handlers = json.loads(TABLE.read_text(encoding="utf-8"))["types"][resource_type]
    actions = {action for called in handlers.values() for action in called}
    assert {each for each in actions if not is_placed(resource_type, each) and not never_called(each)} == set()
