"""Clients of boto3 that lead to the gateway of a world, as the session of a role."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_penstock.rehearsal.timeline import MadeBy
from tests.rehearsal.function_world import add_role
from tests.rehearsal.provider_bench import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.rehearsal.world.world import World

ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/caller"


class GatewayCaller:
    """The session of a role with these policies."""

    def __init__(self, world: World, *policies: Mapping[str, Any], made_by: MadeBy = MadeBy.PERSON) -> None:
        self.world = world
        self.role = add_role(world, "team/caller", *policies)
        credentials = world.gateway.credentials_for(ROLE, made_by=made_by, session_name="s")
        self.keys = {
            "aws_access_key_id": credentials.access_key_id,
            "aws_secret_access_key": credentials.secret_access_key,
            "aws_session_token": credentials.session_token,
        }

    def client(self, service: str, **keys: str) -> Any:
        given = {**self.keys, **keys}
        config = Config(retries={"mode": "standard", "max_attempts": 1}, s3={"addressing_style": "path"})
        session = boto3.Session(region_name=REGION)
        return session.client(service, endpoint_url=self.world.gateway.url, config=config, **given)

    @property
    def calls(self) -> list[tuple[str, str, bool]]:
        return [
            (each.request.action, each.request.resource, each.decision.allowed) for each in self.world.timeline.calls
        ]


@contextmanager
def refused(code: str, status: int) -> Iterator[Any]:
    """Expect the error that boto3 raises."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
