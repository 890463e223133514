"""The function that counts permission windows and snapshots, over what IAM and MSF answer."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.errors import ApplicationMissingError, MissingPermissionError
from cdk_penstock.handlers import key_audit_handler
from cdk_penstock.handlers.key_audit_handler import KeyAudit
from cdk_penstock.handlers.services import AwsServices
from cdk_penstock.model.keys.key_audit_settings import KeyAuditSettings
from cdk_penstock.model.policies.operator_policies import operator_base_policy, operator_key_policy
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN, KEY_1, KEY_2, OPERATOR, REGION, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import AWS_OWNED, cmk

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = KeyAuditSettings(application_name=APPLICATION, operator_role_arn=OPERATOR)
READING = ("Describe", "List", "Get")


class OwnSession:
    """A session of the function's own role."""

    region_name = REGION

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws

    def client(self, service: str, config: object = None) -> Any:
        assert config is not None
        return self._aws.client(service)


@pytest.fixture
def aws() -> FakeAws:
    aws = FakeAws()
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    aws.msf.run(cmk(KEY_1))
    base = operator_base_policy(application_arn=APPLICATION_ARN, execution_role_arn=f"{OPERATOR}-job")
    aws.iam.attached["Base"] = json.dumps(base.to_json())
    aws.iam.attached["OperatorPolicyKey1"] = window(KEY_1)
    return aws


def window(key_arn: str) -> str:
    document = operator_key_policy(application_arn=APPLICATION_ARN, key_arns=[key_arn], region=REGION)
    return json.dumps(document.to_json())


def services(aws: FakeAws) -> AwsServices:
    return AwsServices(new_session=lambda: OwnSession(aws), clock=aws.world.clock)


def count(aws: FakeAws) -> dict[str, int]:
    try:
        return KeyAudit(SETTINGS, services(aws)).handle()
    finally:
        assert all(name.startswith(READING) for name, _ in aws.world.calls)
        assert not aws.world.named("AssumeRole")


def open_by_command(aws: FakeAws) -> None:
    aws.iam.put_role_policy(OPERATOR.rpartition("/")[2], f"penstock-key-{KEY_2.rpartition('/')[2]}", window(KEY_2))


def open_by_deployment(aws: FakeAws) -> None:
    aws.iam.attached["OperatorPolicyKey2"] = window(KEY_2)


def open_by_hand(aws: FakeAws) -> None:
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": KEY_2}
    aws.iam.attached["OpsAccess"] = json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_the_window_of_the_configured_key_is_not_counted(aws: FakeAws) -> None:
    assert count(aws) == {"OpenPermissionWindows": 0, "AwsOwnedSnapshots": 0}


@pytest.mark.parametrize("arrange", [open_by_command, open_by_deployment, open_by_hand])
def test_a_window_for_another_key_is_counted_whoever_opened_it(
    aws: FakeAws, arrange: Callable[[FakeAws], None], capsys: pytest.CaptureFixture[str]
) -> None:
    arrange(aws)
    assert count(aws) == {"OpenPermissionWindows": 1, "AwsOwnedSnapshots": 0}
    (line,) = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Application"]]
    assert {each["Name"] for each in directive["Metrics"]} == {"OpenPermissionWindows", "AwsOwnedSnapshots"}
    assert (line["Application"], line["ConfiguredKey"]) == (APPLICATION, KEY_1)
    assert set(line["Windows"]) == {KEY_2}


def test_a_key_that_several_policies_open_is_one_window(aws: FakeAws) -> None:
    open_by_command(aws)
    open_by_deployment(aws)
    assert count(aws)["OpenPermissionWindows"] == 1


def test_every_window_is_open_once_the_application_is_back_on_the_aws_owned_key(aws: FakeAws) -> None:
    aws.msf.change_key(AWS_OWNED)
    assert count(aws) == {"OpenPermissionWindows": 1, "AwsOwnedSnapshots": 0}


def test_snapshots_under_the_aws_owned_key_are_counted_while_a_key_is_in_force(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.msf.change_key(AWS_OWNED)
    aws.msf.take("under-the-aws-owned-key")
    aws.msf.change_key(cmk(KEY_1))
    assert count(aws)["AwsOwnedSnapshots"] == 2
    assert "penstock key purge-snapshots" in capsys.readouterr().out


def test_another_applications_windows_are_not_counted(aws: FakeAws) -> None:
    other = operator_key_policy(application_arn=f"{APPLICATION_ARN}-2", key_arns=[KEY_2], region=REGION)
    aws.iam.attached["Other"] = json.dumps(other.to_json())
    assert count(aws)["OpenPermissionWindows"] == 0


@pytest.mark.parametrize("operation", ["ListRolePolicies", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion"])
def test_a_count_that_could_be_too_low_fails_and_writes_no_metric(
    aws: FakeAws, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(called: str, _request: dict[str, Any]) -> None:
        if called == operation:
            raise error("AccessDenied", "no policy allows it")

    aws.world.on_call = refuse
    with pytest.raises(MissingPermissionError, match="cannot count the permission windows.*deploy"):
        count(aws)
    assert "_aws" not in capsys.readouterr().out


def test_an_application_that_is_gone_fails(aws: FakeAws) -> None:
    aws.msf.stop()
    aws.msf.delete()
    with pytest.raises(ApplicationMissingError):
        count(aws)


def test_the_settings_come_from_the_environment(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {name.title().replace("_", ""): value for name, value in asdict(SETTINGS).items()}
    monkeypatch.setenv(SETTINGS_VARIABLE, json.dumps(written))
    monkeypatch.setattr(key_audit_handler, "AwsServices", lambda: services(aws))
    assert key_audit_handler.handle({}, None)["OpenPermissionWindows"] == 0
    aws.msf.stop()
    aws.msf.delete()
    with pytest.raises(ApplicationMissingError):
        key_audit_handler.handle({}, None)
