from __future__ import annotations

import pytest

from cdk_penstock.cli.aws_session import caller_session


@pytest.mark.parametrize(
    ("named", "environment", "expected"),
    [
        ("eu-west-1", {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-central-1"),
        (None, {"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        (None, {}, None),
    ],
)
def test_the_region_is_that_of_the_option_then_of_the_environment(
    named: str | None, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert caller_session(named, None).region_name == expected
