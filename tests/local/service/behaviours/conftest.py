"""The account of each test of MSF's behaviours: simulated, or with ``--against-aws`` one of AWS."""

from __future__ import annotations

import itertools
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.config import Config

from cdk_penstock.local.service.credentials import Credentials, user
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.protocol import service_app
from tests.local.service.behaviours import aws_account
from tests.local.service.behaviours.aws_account import AwsAccount
from tests.local.service.in_process import ACCOUNT, KEY_1, KEY_2, REGION, InProcess, fail_broken_code
from tests.local.service.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cdk_penstock.local.service.calls import ApiCaller, ApiOperations
    from tests.local.service.msf_account import MsfAccount

AGAINST_AWS = "--against-aws"
# What a test asks for, and the variable that gives it in AWS; no variable gives faults, or a clock that moves.
NEEDS = {
    "simulate": "",
    "keys": aws_account.KEYS,
    "log_stream": aws_account.LOG_STREAM,
    "vpc": aws_account.VPC,
}
_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(AGAINST_AWS, action="store_true", help="try the behaviours in an account of AWS")


def against_aws(config: pytest.Config) -> bool:
    """Return True if the behaviours are tried in AWS."""
    return bool(config.getoption(AGAINST_AWS, default=False))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what AWS does not offer, and what the environment does not give."""
    if not against_aws(config):
        return
    missing = [name for name in aws_account.REQUIRED if not os.environ.get(name)]
    if missing:
        message = f"{AGAINST_AWS} needs the environment variables {' and '.join(missing)}: see CONTRIBUTING.md"
        raise pytest.UsageError(message)
    lacking = {fixture for fixture, variable in NEEDS.items() if not os.environ.get(variable)}
    left_out = [item for item in items if lacking.intersection(getattr(item, "fixturenames", ()))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say why tests are left out."""
    if not against_aws(config):
        return []
    unset = [variable for variable in NEEDS.values() if variable and not os.environ.get(variable)]
    more = f", and those that need {', '.join(unset)}" if unset else ""
    return [f"deselected: the behaviours that need a fault, a count of records or another clock{more}"]


class Endpoint:
    """The endpoint that all tests share; behind it are the operations of the service that the present test has made."""

    operations: ApiOperations

    def __init__(self) -> None:
        self.credential = user(account=ACCOUNT)
        self.url = ""

    def call(self, operation: str, parameters: Mapping[str, Any], caller: ApiCaller) -> Mapping[str, Any]:
        """Carry out an operation."""
        return self.operations.call(operation, parameters, caller)

    def connect(self, **options: Any) -> Any:
        """Return a client, with these arguments of boto3."""
        given = {
            "aws_access_key_id": self.credential.access_key_id,
            "aws_secret_access_key": self.credential.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}),
            **options,
        }
        return boto3.client("kinesisanalyticsv2", endpoint_url=self.url, region_name=REGION, **given)

    @cached_property
    def client(self) -> Any:
        """The client that all tests share."""
        return self.connect()


class Simulate(Protocol):
    """Makes a service over simulated jobs."""

    def __call__(self, **options: Any) -> InProcess:
        """Return a new service with these options, without applications, behind the endpoint."""


@pytest.fixture(scope="session")
def behaviours_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Return the endpoint that all tests share."""
    endpoint = Endpoint()
    app = service_app(
        operations=endpoint,
        identity=Identity(Credentials(endpoint.credential)),
        policies=AllowAll(),
        objects=ObjectStore(tmp_path_factory.mktemp("objects")),
    )
    with serve(app) as endpoint.url:
        yield endpoint


@pytest.fixture
def simulate(tmp_path: Path, behaviours_endpoint: Endpoint) -> Simulate:
    """Return a function that makes the service of a test."""

    def make(**options: Any) -> InProcess:
        made = InProcess(tmp_path, **options)
        behaviours_endpoint.operations = made.operations
        made.msf, made.connect = behaviours_endpoint.client, behaviours_endpoint.connect
        made.driver.on_launch = fail_broken_code
        return made

    return make


@pytest.fixture
def local(simulate: Simulate) -> InProcess:
    """Return a service with everything that only a simulation has: jobs, faults and a clock."""
    return simulate()


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator[MsfAccount]:
    """Return an account without applications, with what AWS offers as well."""
    if not against_aws(request.config):
        yield request.getfixturevalue("local")
        return
    aws = AwsAccount(str(next(_NUMBERS)))
    try:
        yield aws
    finally:
        aws.clean_up()


@pytest.fixture
def keys(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the ARNs of two customer managed keys."""
    if not against_aws(request.config):
        return KEY_1, KEY_2
    first, second = os.environ[aws_account.KEYS].split(",")
    return first, second


@pytest.fixture
def log_stream(request: pytest.FixtureRequest) -> str:
    """Return the ARN of a log stream."""
    if not against_aws(request.config):
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:s"
    return os.environ[aws_account.LOG_STREAM]


@pytest.fixture
def vpc(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """Return a VpcConfiguration."""
    given = os.environ[aws_account.VPC] if against_aws(request.config) else "subnet-1,sg-1"
    subnet, security_group = given.split(",")
    return {"SubnetIds": [subnet], "SecurityGroupIds": [security_group]}
