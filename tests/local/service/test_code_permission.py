"""The execution role must be able to read the code that an application is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.in_process import CALLER, ROLE, InProcess

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.model.lifecycle.code_location import CodeLocation


class OneObject(AllowAll):
    """Roles may read one object only."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.asked: list[tuple[str, str, str]] = []

    def role_can_read_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> bool:
        self.asked.append((role_arn, application_arn, location.key))
        return location.key == self.key


def test_code_that_the_role_cannot_read_is_refused_at_creation_and_update(tmp_path: Path) -> None:
    policies = OneObject("job.zip")
    msf = InProcess(tmp_path, policies=policies)
    msf.create()
    assert policies.asked == [(ROLE, f"{msf.scope}:application/app", "job.zip")]
    other = msf.put_code("other.zip")
    with pytest.raises(RefusedCallError, match="Please check the role provided or validity of S3 location") as caught:
        msf.update_code(other)
    assert caught.value.code is RefusalCode.INVALID_ARGUMENT
    policies.key = "other.zip"
    with pytest.raises(RefusedCallError, match="Please check the role provided"):
        msf.create("second")


def test_code_in_the_request_needs_no_permission(tmp_path: Path) -> None:
    policies = OneObject("")
    msf = InProcess(tmp_path, policies=policies)
    given = {
        "ApplicationName": "app",
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": ROLE,
        "ApplicationConfiguration": {
            "ApplicationCodeConfiguration": {"CodeContentType": "ZIPFILE", "CodeContent": {"ZipFileContent": b"code"}}
        },
    }
    msf.operations.call("CreateApplication", given, CALLER)
    assert policies.asked == []
