from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.app import app
from cdk_penstock.control.errors import ControlError
from tests.control.fake_aws import REGION, Client
from tests.control.fake_kinesis import STREAM, STREAM_ARN, FakeKinesis, new_kinesis

COMMON = ["--stream", STREAM, "--region", REGION]


class Session:
    """boto3's session, with one service."""

    def __init__(self, client: Client, options: dict[str, Any]) -> None:
        assert options["region_name"] == REGION
        self._client = client

    def client(self, service: str) -> Client:
        assert service == "kinesis"
        return self._client


@pytest.fixture
def kinesis(monkeypatch: pytest.MonkeyPatch) -> FakeKinesis:
    kinesis, client = new_kinesis(6)
    monkeypatch.setattr(aws_session.aws_access, "new_session", lambda **options: Session(client, options))
    monkeypatch.setattr(aws_session.aws_access, "clock", kinesis.world.clock)
    return kinesis


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["stream", *arguments], catch_exceptions=False)


def test_status_shows_the_shards(kinesis: FakeKinesis) -> None:
    shown = invoke("status", *COMMON)
    assert shown.exit_code == 0
    assert "open shards             6" in shown.stdout
    assert json.loads(invoke("status", *COMMON, "--json").stdout) == {
        "stream": STREAM_ARN,
        "status": "ACTIVE",
        "onDemand": False,
        "shards": 6,
        "retentionHours": 168,
        "fanOutConsumers": 1,
    }
    assert {name for name, _ in kinesis.world.calls} == {"DescribeStreamSummary"}


def test_a_dry_run_shows_the_steps_and_changes_nothing(kinesis: FakeKinesis) -> None:
    shown = invoke("scale", *COMMON, "--shards", "30", "--dry-run")
    assert (shown.exit_code, shown.stdout) == (0, "clicks: 6 -> 12 -> 24 -> 30 shards, 3 steps; nothing was changed\n")
    planned = json.loads(invoke("scale", *COMMON, "--shards", "30", "--dry-run", "--json").stdout)
    assert (planned["result"], planned["before"], planned["steps"]) == ("planned", 6, [12, 24, 30])
    assert not kinesis.world.named("UpdateShardCount")


def test_it_scales_step_by_step_with_progress_on_stderr(kinesis: FakeKinesis) -> None:
    done = invoke("scale", "--stream", STREAM_ARN, "--shards", "2")
    assert (done.exit_code, done.stdout) == (0, "clicks has 2 shards: 6 -> 3 -> 2\n")
    assert done.stderr == "  -> 6 to 3 shards\n  -> 3 to 2 shards\n"
    again = json.loads(invoke("scale", *COMMON, "--shards", "2", "--json").stdout)
    assert (again["result"], again["steps"], again["shards"]) == ("done", [], 2)
    assert "nothing to do" in invoke("scale", *COMMON, "--shards", "2").stdout
    assert len(kinesis.calls_at) == 2


def test_a_stream_on_demand_is_refused(kinesis: FakeKinesis) -> None:
    kinesis.mode = "ON_DEMAND"
    with pytest.raises(ControlError, match="on demand"):
        invoke("scale", *COMMON, "--shards", "12")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scale", *COMMON, "--shards", "0"], "1 to 100000 shards, got 0"),
        (["scale", *COMMON, "--shards", "many"], "should be a valid integer"),
        (["scale", *COMMON], "Missing option '--shards'"),
        (["status", "--stream", "my stream"], "letters, digits"),
        (["status", "--stream", "arn:aws:sqs:eu-central-1:111122223333:q"], "expected the ARN of a stream"),
        (["status", "--stream", STREAM_ARN, "--region", "eu-west-1"], "expected --region eu-central-1"),
        (["scale", *COMMON, "--shards", "12", "--timeout-minutes", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_called(
    kinesis: FakeKinesis, arguments: list[str], message: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not kinesis.world.calls
