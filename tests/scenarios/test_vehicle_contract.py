"""The contract of the vehicle job, and everything that is written by it: environments, the demonstration, the guide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from app import ENVIRONMENTS
from flink_job.properties import PropertyError, PropertyGroups
from stacks.environment.files import load_environments
from stacks.penstock_stage import PenstockStage
from vehicle_metrics import contract
from vehicle_metrics.fleet import GeneratorSettings
from vehicle_metrics.settings import VehicleSettings
from vehicle_metrics_scenario.scenario import VehicleScenario

if TYPE_CHECKING:
    from flink_job.declarations import Property

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "job.md").read_text(encoding="utf-8")


def documented() -> dict[tuple[str, str], str]:
    """Return the defaults of the guide's tables by group and key; without one it is an empty text."""
    found: dict[tuple[str, str], str] = {}
    group = ""
    tables = "".join(re.findall(r"^\| group \| key \| default \|.*?\n\n", GUIDE, re.MULTILINE | re.DOTALL))
    for cells in re.findall(r"^\| (`[a-z.]+`)? ?\| (`[^|]+`) \| ([^|]*) \|", tables, re.MULTILINE):
        group = cells[0].strip("`") or group
        keys, defaults = re.findall(r"`([^`]+)`", cells[1]), re.findall(r"`([^`]+)`", cells[2])
        required = cells[2].startswith("required")
        for number, key in enumerate(keys):
            found[group, key] = "" if required else defaults[number]
    return found


def declared() -> dict[tuple[str, str], Property[Any]]:
    return {(group.name, each.key): each for group in contract.GROUPS for each in group.properties().values()}


def test_the_guide_has_every_key_with_its_default() -> None:
    defaults = {place: each.default_text or "" for place, each in declared().items()}
    assert documented() == defaults


@pytest.mark.parametrize("place", sorted(declared()), ids=".".join)
def test_a_default_is_a_value_that_the_job_takes(place: tuple[str, str]) -> None:
    default = declared()[place].default_text
    if default is not None:
        contract.check_property_groups({place[0]: {place[1]: default}})


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"jobs": {}}, "got property group 'jobs', expected one of input.events, reference.vehicle.models,"),
        ({"job": {"window": "5"}}, "property group 'job': got key 'window', expected one of max.parallelism,"),
        ({"job": {"window.seconds": "0"}}, "got '0' for key 'window.seconds', expected a whole number from 1 to 86400"),
        ({"fleet": {"stop.probability": "2"}}, "got '2' for key 'stop.probability', expected a number from 0 to 1"),
        (
            {"output.prometheus": {"request.signer": "sigv4"}},
            "got 'sigv4' for key 'request.signer', expected one of",
        ),
        ({"output.events": {"topic": " "}}, "property group 'output.events': got no value for key 'topic'"),
    ],
)
def test_what_the_job_would_refuse_is_refused(groups: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(PropertyError, match=re.escape(message)):
        contract.check_property_groups(groups)


def test_the_demonstrations_groups_are_those_that_both_jobs_read(tmp_path: Path) -> None:
    scenario = VehicleScenario(models=tmp_path / "models.csv", vehicles=7, events_per_second=70)
    groups = scenario.property_groups(bootstrap_servers="b:1", remote_write_url="http://p/w")
    contract.check_property_groups(groups)
    job = VehicleSettings.of(PropertyGroups(groups, "the demonstration"))
    generator = GeneratorSettings.of(PropertyGroups(groups, "the demonstration"))
    assert (job.events.topic, job.dead_letter_topic) == (scenario.events_topic, scenario.dead_letters_topic)
    assert (job.events.consumer_group, job.job.window_seconds) == (scenario.consumer_group, scenario.window_seconds)
    assert (job.events.idleness_ms, job.events.startup_mode) == (0, "earliest-offset")
    assert job.models.location == str(tmp_path / "models.csv")
    assert (generator.topic, generator.fleet.vehicles, generator.fleet.events_per_second) == (job.events.topic, 7, 70)


def test_an_environments_groups_are_those_that_both_jobs_read(job_zip: Path) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only="dev")
    stage = PenstockStage(App(context={"package": str(job_zip)}), environment=environment)
    applications = Template.from_stack(stage.processing).find_resources("AWS::KinesisAnalyticsV2::Application")
    groups: dict[str, dict[str, str]] = {}
    for application in applications.values():
        properties = application["Properties"]["ApplicationConfiguration"]["EnvironmentProperties"]
        for group in properties["PropertyGroups"]:
            if group["PropertyGroupId"] != "kinesis.analytics.flink.run.options":
                # What only the deployment knows, such as an address, is an object in the template.
                values = {key: value if isinstance(value, str) else "x" for key, value in group["PropertyMap"].items()}
                groups[group["PropertyGroupId"]] = values
    contract.check_property_groups(groups)
    assert VehicleSettings.of(PropertyGroups(groups, "the template")).events.topic == contract.EVENTS_TOPIC
    assert GeneratorSettings.of(PropertyGroups(groups, "the template")).fleet.vehicles == 1_000
