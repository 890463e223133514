from __future__ import annotations

import pytest

from flink_job.properties import PropertyError, PropertyGroups
from vehicle_metrics.fleet import GeneratorSettings
from vehicle_metrics.job import table_options
from vehicle_metrics.settings import VehicleSettings

REQUIRED = {
    "input.events": {"bootstrap.servers": "b:9098", "topic": "events"},
    "output.prometheus": {"remote.write.url": "https://amp/api/v1/remote_write", "region": "eu-west-1"},
    "output.dead.letters": {"topic": "dead"},
}


def settings(**changes: dict[str, str]) -> VehicleSettings:
    groups = {name: dict(values) for name, values in REQUIRED.items()}
    for name, values in changes.items():
        groups.setdefault(name.replace("_", "."), {}).update(values)
    return VehicleSettings.of(PropertyGroups(groups, "test"))


def test_defaults_are_those_of_a_deployed_job() -> None:
    tables = table_options(settings())
    assert tables.events["properties.sasl.mechanism"] == "AWS_MSK_IAM"
    assert tables.events["properties.group.id"] == "vehicle-metrics"
    assert tables.events["scan.startup.mode"] == "group-offsets"
    assert tables.events["properties.auto.offset.reset"] == "earliest"
    assert tables.events["scan.watermark.idle-timeout"] == "30000 ms"
    assert tables.models["location"] == "classpath:vehicle-models.csv.gz"
    assert tables.metrics["signer"] == "amp"
    assert tables.metrics["region"] == "eu-west-1"
    assert tables.dead_letters["properties.bootstrap.servers"] == "b:9098"
    assert tables.dead_letters["properties.sasl.mechanism"] == "AWS_MSK_IAM"


def test_a_local_broker_needs_no_authentication() -> None:
    tables = table_options(settings(input_events={"authentication": "none", "starting.offsets": "latest"}))
    assert not [key for key in (tables.events | tables.dead_letters) if "sasl" in key or "security" in key]
    assert tables.events["scan.startup.mode"] == "latest-offset"


def test_an_unsigned_endpoint_needs_no_region() -> None:
    changed = settings(output_prometheus={"request.signer": "none", "region": ""})
    assert "region" not in table_options(changed).metrics
    with pytest.raises(PropertyError, match="'output.prometheus': got no value for key 'region'"):
        settings(output_prometheus={"region": ""})


def test_idleness_and_alignment_are_off_at_zero() -> None:
    events = table_options(settings(input_events={"watermark.idleness.ms": "0"})).events
    assert not [key for key in events if "idle" in key or "alignment" in key]
    aligned = table_options(settings(input_events={"watermark.alignment.max.drift.ms": "60000"})).events
    assert aligned["scan.watermark.alignment.max-drift"] == "60000 ms"
    assert aligned["scan.watermark.alignment.group"] == "events"


def test_the_bounds_of_event_times_are_the_operators() -> None:
    assert table_options(settings()).events["vehicle-event.earliest"] == "1000000000000"
    events = table_options(settings(input_events={"timestamp.earliest.ms": "1700000000000"})).events
    assert events["vehicle-event.earliest"] == "1700000000000"


@pytest.mark.parametrize("value", ["-1", "0", "2001-09-09", "253402300800000"])
def test_an_earliest_event_time_outside_the_calendar_fails(value: str) -> None:
    with pytest.raises(PropertyError, match=f"got '{value}' for key 'timestamp.earliest.ms', expected a whole number"):
        settings(input_events={"timestamp.earliest.ms": value})


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_missing_group_is_named(missing: str) -> None:
    groups = {name: values for name, values in REQUIRED.items() if name != missing}
    with pytest.raises(PropertyError, match=f"property group '{missing}' is missing"):
        VehicleSettings.of(PropertyGroups(groups, "test"))


def test_what_is_set_in_code_is_what_msf_allows() -> None:
    options = settings(job={"state.ttl.ms": "1000", "max.parallelism": "256"}).job.configuration("job")
    allowed = ("pipeline.", "table.exec.", "table.optimizer.", "table.local-time-zone")
    assert [key for key in options if not key.startswith(allowed)] == []
    assert options["pipeline.generic-types"] == "false"
    assert options["table.exec.state.ttl"] == "1000 ms"
    assert options["pipeline.max-parallelism"] == "256"


def test_the_generator_has_a_fleet_by_default() -> None:
    groups = {"output.events": {"bootstrap.servers": "b:9098", "topic": "events"}}
    generator = GeneratorSettings.of(PropertyGroups(groups, "test"))
    assert generator.fleet.options()["vehicles"] == "100000"
    assert generator.fleet.options()["count"] == "0"
    assert generator.output_options()["key.fields"] == "vehicleId"
    assert generator.output_options()["properties.security.protocol"] == "SASL_SSL"


@pytest.mark.parametrize("start", ["1", "1700000000", "999999999999", "253402300800000"])
def test_a_fleet_whose_events_would_all_be_dead_letters_fails(start: str) -> None:
    groups = {
        "output.events": {"bootstrap.servers": "b:9098", "topic": "events"},
        "fleet": {"start.timestamp.ms": start},
    }
    with pytest.raises(PropertyError, match="for key 'start.timestamp.ms', expected 0, or milliseconds from"):
        GeneratorSettings.of(PropertyGroups(groups, "test"))


@pytest.mark.parametrize(("start", "stop"), [("0.9", "0.2"), ("0", "0.001")])
def test_a_fleet_that_cannot_start_and_stop_so_fails(start: str, stop: str) -> None:
    groups = {
        "output.events": {"bootstrap.servers": "b:9098", "topic": "events"},
        "fleet": {"start.probability": start, "stop.probability": stop},
    }
    with pytest.raises(PropertyError, match="sum of start.probability and stop.probability"):
        GeneratorSettings.of(PropertyGroups(groups, "test"))
