"""The tables about resource types are what the schemas of the installed cfn-lint say."""

from __future__ import annotations

import gzip
import json

import pytest

from cdk_penstock.review.execution.handler_calls import is_placed
from cdk_penstock.review.execution.permissions import never_called
from cdk_penstock.review.execution.resource_arns import FORMS
from tools.resource_schemas import PERMISSIONS, RESOURCE_TYPES, TYPES, permissions_table, types_table


def test_the_tables_are_those_of_the_installed_schemas() -> None:
    assert json.loads(PERMISSIONS.read_text(encoding="utf-8")) == permissions_table(), "run tools/resource_schemas.py"
    assert json.loads(gzip.decompress(TYPES.read_bytes())) == types_table(), "run tools/resource_schemas.py"


def test_the_table_of_all_types_is_small() -> None:
    assert TYPES.stat().st_size < 150_000


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_of_every_call_it_is_known_on_which_resources_it_is_made(resource_type: str) -> None:
    assert resource_type in FORMS
    handlers = json.loads(PERMISSIONS.read_text(encoding="utf-8"))["types"][resource_type]
    actions = {action for called in handlers.values() for action in called}
    assert {each for each in actions if not is_placed(resource_type, each) and not never_called(each)} == set()
