"""Effect of each kind of change in an environment's file on stacks that are deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from app import add_stages
from stacks.environment import Environment
from stacks.environment.files import load_environments
from stacks.environment.locked_values import LockedValueError, check_lock, lock_path, write_lock
from stacks.penstock_stage import PenstockStage
from tests.stacks.changes import Change, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.stacks.changes import Stacks

ORDER = ["Network", "Presentation", "Ingestion", "Processing"]
KEYS = {"key_administrators": {"permission_sets": ["KeyAdministrator"]}}
JOB = {"name": "job", "start": True}
FLEET = {
    "name": "fleet",
    "code": {"entry_point": "generator.py"},
    "properties": {"fleet": {"events.per.second": "100"}},
    "start": True,
}
BASE: dict[str, Any] = {
    "name": "prod",
    "network": {"zones": 3},
    "events": {"cluster_name": "vehicles"},
    "metrics": {"workspace_name": "vehicles"},
    "operators": {"permission_sets": ["FlinkOperator"]},
    "encryption": KEYS,
    "application": JOB,
    "generator": FLEET,
}
FILE = """
events = { cluster_name = "vehicles" }
metrics = { workspace_name = "vehicles" }
application = { name = "job" }
"""
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
HOLDS_DATA = {
    "AWS::APS::Workspace",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::Grafana::Workspace",
    "AWS::KMS::Key",
    "AWS::KinesisAnalyticsV2::Application",
    "AWS::MSK::Cluster",
    "AWS::MSK::Topic",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change of some tables, the stacks that it changes in their order, and the data holders that go from them.

    ``new`` are the tables after the change, ``old`` those before it where they differ from BASE.
    """

    new: Mapping[str, Any]
    templates: list[str]
    replaced: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    old: Mapping[str, Any] = field(default_factory=dict)
    is_refused: bool = False


CLUSTER = {"AWS::MSK::Cluster", "AWS::MSK::Topic"}
APPLICATION = {"AWS::KinesisAnalyticsV2::Application"}
CASES = {
    "cidr": Case(
        new={"network": {"cidr": "10.1.0.0/16", "zones": 3}},
        templates=["Network"],
        replaced={"AWS::EC2::VPC", "AWS::EC2::Subnet", *CLUSTER},
        is_refused=True,
    ),
    "fewer zones": Case(
        new={"network": {"zones": 2}},
        templates=["Network", "Ingestion", "Processing"],
        replaced=CLUSTER,
        removed={"AWS::EC2::Subnet"},
        is_refused=True,
    ),
    "more zones": Case(
        old={"network": {"zones": 2}},
        new={"network": {"zones": 3}},
        templates=["Network", "Ingestion", "Processing"],
        replaced=CLUSTER,
        is_refused=True,
    ),
    "other zones": Case(
        old={"network": {"availability_zones": ZONES}},
        new={"network": {"availability_zones": [*ZONES[:2], "eu-central-1d"]}},
        templates=["Network"],
        replaced={"AWS::EC2::Subnet", *CLUSTER},
        is_refused=True,
    ),
    "cluster name": Case(
        new={"events": {"cluster_name": "other"}}, templates=["Ingestion"], replaced=CLUSTER, is_refused=True
    ),
    "workspace name": Case(new={"metrics": {"workspace_name": "other"}}, templates=["Presentation"]),
    "dashboards off": Case(
        new={"metrics": {"workspace_name": "vehicles", "dashboards": False}},
        templates=["Presentation"],
        removed={"AWS::Grafana::Workspace"},
    ),
    "topic": Case(
        new={"events": {"cluster_name": "vehicles", "topic": "other"}},
        templates=["Ingestion", "Processing"],
        replaced={"AWS::MSK::Topic"},
    ),
    "kind of broker": Case(
        new={"events": {"cluster_name": "vehicles", "broker_instance": "kafka.m7g.xlarge"}},
        templates=["Ingestion", "Processing"],
    ),
    "another key": Case(new={"encryption": {**KEYS, "key_generation": 2}}, templates=["Processing"]),
    "encryption off": Case(new={"encryption": None}, templates=["Processing"], removed={"AWS::KMS::Key"}),
    "encryption on": Case(old={"encryption": None}, new={"encryption": KEYS}, templates=["Processing"]),
    "generator off": Case(new={"generator": None}, templates=["Processing"], removed={"AWS::KMS::Key", *APPLICATION}),
    "generator on": Case(old={"generator": None}, new={"generator": FLEET}, templates=["Processing"]),
    "application renamed": Case(
        new={"application": {**JOB, "name": "other"}},
        templates=["Presentation", "Processing"],
        replaced=APPLICATION,
        removed={"AWS::KMS::Key"},
    ),
    "runtime": Case(new={"application": {**JOB, "runtime": "FLINK-2_2"}}, templates=["Presentation", "Processing"]),
}


def settings(tables: Mapping[str, Any]) -> Environment:
    return Environment.model_validate({key: value for key, value in {**BASE, **tables}.items() if value is not None})


@pytest.fixture(scope="module")
def templates(cdk_context: dict[str, Any], job_zip: Path) -> Callable[[Mapping[str, Any]], Stacks]:
    """Return a function that synthesizes an environment once, as its templates in the order of their deployment."""
    made: dict[str, Stacks] = {}

    def synthesize(tables: Mapping[str, Any]) -> Stacks:
        environment = settings(tables)
        key = environment.model_dump_json()
        if key not in made:
            app = App(context={**cdk_context, "package": str(job_zip)})
            stacks = PenstockStage(app, environment=environment).synth().stacks
            made[key] = {stack.stack_name.partition("-")[2]: stack.template for stack in stacks}
        return made[key]

    return synthesize


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def change(case: Case, templates: Callable[[Mapping[str, Any]], Stacks]) -> Change:
    return compare(templates(case.old), templates({**case.old, **case.new}))


def test_a_change_reaches_the_stacks_that_it_concerns_in_their_order(case: Case, change: Change) -> None:
    assert change.templates == case.templates == [each for each in ORDER if each in case.templates]


def test_what_a_change_replaces_or_removes_holds_no_data_or_is_left_as_it_is(case: Case, change: Change) -> None:
    assert set(change.replaced.values()) & HOLDS_DATA == case.replaced
    assert set(change.removed.values()) & HOLDS_DATA == case.removed
    gone = {**change.replaced, **change.removed}
    assert all(place in change.left for place, kind in gone.items() if kind in HOLDS_DATA)


def test_the_operator_stays_whatever_changes(case: Case, change: Change) -> None:
    operators = [place for place in {**change.replaced, **change.removed} if "Operator" in place[1]]
    roles = [place for place in operators if change.removed.get(place) == "AWS::IAM::Role"]
    assert len(roles) == ("generator" in case.new and case.new["generator"] is None)


def test_what_cannot_be_deployed_at_once_is_refused_at_synthesis_and_by_cloudformation(
    case: Case, change: Change, tmp_path: Path
) -> None:
    """Synthesis refuses with a lock only; without one, CloudFormation does, before anything is lost."""
    assert bool(change.refused) == case.is_refused
    file = tmp_path / "prod.toml"
    write_lock(file, settings(case.old))
    after = settings({**case.old, **case.new})
    if not case.is_refused:
        check_lock(file, after)
        return
    with pytest.raises(LockedValueError) as refusal:
        check_lock(file, after)
    message = str(refusal.value)
    (table,) = case.new
    assert message.startswith(f"{file}: {table}.")
    assert "First deploy a new environment" in message
    assert "Then remove this one with `npx cdk destroy 'Prod/*'`" in message
    lock_path(file).unlink()
    check_lock(file, after)


def test_zones_can_be_named_after_the_deployment_that_chose_them(tmp_path: Path) -> None:
    file = tmp_path / "prod.toml"
    write_lock(file, settings({}))
    check_lock(file, settings({"network": {"availability_zones": ZONES}}))
    with pytest.raises(LockedValueError, match=r"network\.zones: got 2, deployed is 3"):
        check_lock(file, settings({"network": {"availability_zones": ZONES[:2]}}))


def test_another_vpc_is_refused_under_a_deployed_environment(tmp_path: Path) -> None:
    file = tmp_path / "prod.toml"
    write_lock(file, settings({}))
    place = {"account": "111122223333", "region": "eu-central-1", "network": {"vpc_id": "vpc-0123456789abcdef0"}}
    with pytest.raises(LockedValueError, match=r"network\.vpc_id: got 'vpc-0123456789abcdef0', deployed is nothing"):
        check_lock(file, settings(place))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ("[]", "has the keys"), (json.dumps({"network.cidr": "10.0.0.0/16"}), "has the keys")],
)
def test_a_lock_that_nobody_can_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "prod.lock.json").write_text(text)
    with pytest.raises(LockedValueError, match=rf"prod\.lock\.json {message}.*delete it and write it again"):
        check_lock(tmp_path / "prod.toml", settings({}))


def test_a_lock_is_written_when_asked_for_and_checked_on_every_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job_zip: Path
) -> None:
    file = tmp_path / "prod.toml"
    file.write_text(FILE)
    monkeypatch.setattr("app.ENVIRONMENTS", tmp_path)
    add_stages(App(context={"package": str(job_zip)}))
    assert not lock_path(file).exists()
    add_stages(App(context={"package": str(job_zip), "lock": "prod"}))
    assert json.loads(lock_path(file).read_text())["events.cluster_name"] == "vehicles"
    file.write_text(FILE.replace("vehicles", "other"))
    with pytest.raises(LockedValueError, match="events.cluster_name: got 'other', deployed is 'vehicles'"):
        load_environments(tmp_path)
