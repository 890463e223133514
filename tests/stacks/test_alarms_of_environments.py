"""The alarms of every environment: each tells somebody once, and has its runbook."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from app import ENVIRONMENTS, build_app
from cdk_penstock.application import MetricsLevel
from cdk_penstock.observability.alarms import ApplicationAlarms
from cdk_penstock.pipeline import KinesisSource
from cdk_penstock.streams.kinesis import EventStream
from stacks.environment.files import EnvironmentFileError, load_environments
from tests.lifecycle.conftest import application_in
from tests.stacks.conftest import ROOT
from tests.stacks.test_app import environment, staged
from tests.stacks.test_environment_files import MINIMAL, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from stacks.environment import Environment

Resources = dict[str, dict[str, Any]]

NAMES = [each.name for each in load_environments(ENVIRONMENTS)]
ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:on-call"
URL = "https://example.com/runbooks"
RUNBOOK = re.compile(r"Runbook: (\S+)/([a-z-]+)\.md(?:#[a-z-]+)?$")
OPERATORS = {"roles": ["arn:aws:iam::111122223333:role/OnCall"]}
PACKAGES = {"bucket": "team-packages", "object_key": "clicks/job-7.zip", "object_version": "v1"}


@pytest.fixture(scope="module")
def environments(cdk_context: dict[str, Any], job_zip: Path) -> Mapping[str, Resources]:
    """Return the resources of each bundled environment, with their logical ids."""
    assembly = build_app(App(context={**cdk_context, "package": str(job_zip)})).synth()
    stages = {name: assembly.get_nested_assembly(f"assembly-{name.capitalize()}") for name in NAMES}
    return {
        name: {key: each for stack in stage.stacks for key, each in stack.template["Resources"].items()}
        for name, stage in stages.items()
    }


@pytest.fixture(scope="module")
def everything() -> Resources:
    """Return the resources of an environment that has every table, and of an application that reads Kinesis."""
    settings = environment(
        operators=OPERATORS,
        runbook_base_url=f"{URL}/",
        alarm_email="on-call@example.com",
        encryption={"key_administrators": {"permission_sets": ["KeyAdministrator"]}},
        application={"code": PACKAGES, "start": True},
        snapshots={},
        packages={"prefix": "clicks/"},
    )
    scope = Stack(App(context={"penstock:runbookBaseUrl": URL}), "Kinesis")
    application = application_in(scope, metrics_level=MetricsLevel.TASK)
    alarms = ApplicationAlarms(scope, "Alarms", application=application)
    alarms.add_back_pressure_alarm("Source")
    KinesisSource(events=EventStream(scope, "Stream")).add_alarms(alarms)
    of_kinesis = {f"Kinesis{key}": each for key, each in resources_of(scope).items()}
    return {**of_environment(settings), **of_kinesis}


def resources_of(stack: Stack) -> Resources:
    found: Resources = Template.from_stack(stack).to_json()["Resources"]
    return found


def of_environment(settings: Environment) -> Resources:
    stage = staged(settings)
    stacks = (stage.presentation, stage.ingestion, stage.processing)
    return {key: each for stack in stacks for key, each in resources_of(stack).items()}


def of_type(resources: Resources, kind: str) -> Resources:
    return {key: each["Properties"] for key, each in resources.items() if each["Type"] == kind}


def text_of(description: Any) -> str:
    """Return a description, with ``*`` for what only the deployment knows."""
    if isinstance(description, str):
        return description
    return "".join(part if isinstance(part, str) else "*" for part in description["Fn::Join"][1])


def runbooks(resources: Resources) -> Iterator[tuple[str, str]]:
    """Yield the base and the kind of each alarm's runbook."""
    for properties in of_type(resources, ALARM).values():
        found = RUNBOOK.search(text_of(properties["AlarmDescription"]))
        assert found, properties["AlarmDescription"]
        yield found[1], found[2]


def unheard(resources: Resources) -> set[str]:
    """Return the alarms that tell nobody, neither by themselves nor through a composite alarm with an action."""
    telling = [each for each in of_type(resources, COMPOSITE).values() if each.get("AlarmActions")]
    rules = json.dumps([each["AlarmRule"] for each in telling])
    return {
        key
        for key, each in of_type(resources, ALARM).items()
        if not each.get("AlarmActions") and f'"{key}"' not in rules
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_alarm_tells_somebody_exactly_once(environments: Mapping[str, Resources], name: str) -> None:
    resources = environments[name]
    composites = of_type(resources, COMPOSITE)
    rules = json.dumps([each["AlarmRule"] for each in composites.values()])
    ways = {
        key: rules.count(f'"{key}"') + len(each.get("AlarmActions", []))
        for key, each in of_type(resources, ALARM).items()
    }
    assert len(ways) > 25
    assert {key: count for key, count in ways.items() if count != 1} == {}
    assert all(len(each["AlarmActions"]) == 1 for each in composites.values())
    assert len(composites) == 4
    assert unheard(resources) == set()


@pytest.mark.parametrize("lost", ["action", "child"])
def test_an_alarm_that_lost_its_way_to_tell_is_found(environments: Mapping[str, Resources], lost: str) -> None:
    resources = json.loads(json.dumps(environments["prod"]))
    key = next(each for each in of_type(resources, COMPOSITE) if "VehicleMetricsOperationsAlarmsPage" in each)
    if lost == "action":
        del resources[key]["Properties"]["AlarmActions"]
    else:
        resources[key]["Properties"]["AlarmRule"] = {"Fn::Join": ["", []]}
    assert any("Downtime" in each for each in unheard(resources))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_alarmed_twice(environments: Mapping[str, Resources], name: str) -> None:
    watched = Counter(
        json.dumps([each.get(key) for key in ("MetricName", "Namespace", "Dimensions", "Metrics", "Threshold")])
        for each in of_type(environments[name], ALARM).values()
    )
    assert [each for each, count in watched.items() if count > 1] == []


def test_each_kind_of_alarm_has_a_runbook_and_each_runbook_an_alarm(everything: Resources) -> None:
    kinds = {kind for _, kind in runbooks(everything)}
    pages = {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")}
    # The workload gives these to its counters; every other kind is the library's.
    assert {"dead-letters", "samples-dropped", "samples-waiting"} <= kinds
    assert kinds == pages


def test_each_alarm_leads_to_a_url_if_there_is_a_base_and_to_a_path_that_exists_without(
    everything: Resources, environments: Mapping[str, Resources]
) -> None:
    assert {base for base, _ in runbooks(everything)} == {URL}
    without = set(runbooks(environments["prod"]))
    assert {base for base, _ in without} == {"docs/runbooks"}
    assert all((ROOT / base / f"{kind}.md").is_file() for base, kind in without)


@pytest.mark.parametrize("name", NAMES)
def test_each_job_has_the_alarms_of_production_where_it_has_their_tables(
    environments: Mapping[str, Resources], name: str
) -> None:
    kinds = {kind for _, kind in runbooks(environments[name])}
    of_prod = {kind for _, kind in runbooks(environments["prod"])}
    missing = {"dev": {"key", "snapshot-age", "snapshot-count"}}.get(name, set())
    assert of_prod - kinds == missing
    assert kinds <= of_prod
    assert "who-may-operate" in kinds


def test_a_job_that_a_deployment_does_not_start_need_not_run() -> None:
    kinds = {kind for _, kind in runbooks(of_environment(environment(application={"code": PACKAGES})))}
    assert "not-running" not in kinds
    assert "downtime" in kinds


def test_an_environment_without_a_topic_gets_an_encrypted_one_for_all_that_tells(everything: Resources) -> None:
    (topic,) = of_type(everything_but_kinesis(everything), "AWS::SNS::Topic").values()
    assert topic["TopicName"] == "penstock-test-alarms"
    assert "KmsMasterKeyId" in topic
    (subscription,) = of_type(everything, "AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")
    actions = [
        json.dumps(action)
        for kind in (ALARM, COMPOSITE)
        for each in of_type(everything_but_kinesis(everything), kind).values()
        for action in each.get("AlarmActions", [])
    ]
    assert len(actions) == 3
    assert all(action.endswith(':penstock-test-alarms"]]}') for action in actions)
    (workspace,) = of_type(everything, "AWS::APS::Workspace").values()
    assert ":penstock-test-alarms" in json.dumps(workspace["AlertManagerDefinition"])


def everything_but_kinesis(resources: Resources) -> Resources:
    return {key: each for key, each in resources.items() if not key.startswith("Kinesis")}


def test_an_environment_with_a_topic_gets_none() -> None:
    resources = of_environment(environment(alarm_topic=TOPIC, application={"code": PACKAGES}))
    assert of_type(resources, "AWS::SNS::Topic") == {}
    composites = of_type(resources, COMPOSITE).values()
    assert [each["AlarmActions"] for each in composites] == [[TOPIC], [TOPIC]]
    (workspace,) = of_type(resources, "AWS::APS::Workspace").values()
    assert f"topic_arn: {TOPIC}" in workspace["AlertManagerDefinition"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"alarm_topic = '{TOPIC}'\nalarm_email = 'on-call@example.com'\n", "alarm_email: got 'on-call@example.com'"),
        ("alarm_email = 'on-call'\n", "alarm_email: got 'on-call', expected an email address"),
        ("runbook_base_url = 'docs/runbooks'\n", "runbook_base_url: the folder of runbooks must be a URL"),
        ("runbook_base_url = 'http://example.com'\n", "that begins with https://"),
    ],
)
def test_values_that_cannot_be_are_refused(text: str, message: str, tmp_path: Path) -> None:
    folder = write(tmp_path, text + MINIMAL)
    with pytest.raises(EnvironmentFileError, match=re.escape(message)):
        load_environments(folder)
