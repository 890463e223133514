from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.metrics import msf_metric
from cdk_penstock.model.runtimes import FlinkRuntime, RuntimeSupport, UnknownRuntimeError


@pytest.mark.parametrize(
    ("runtime", "customer_managed_key", "restart_metric", "java", "python"),
    [
        (FlinkRuntime.FLINK_1_19, False, "fullRestarts", 11, "3.11"),
        (FlinkRuntime.FLINK_1_20, True, "fullRestarts", 11, "3.11"),
        (FlinkRuntime.FLINK_2_2, True, "numRestarts", 17, "3.12"),
        (FlinkRuntime.FLINK_2_3, True, "numRestarts", 17, "3.12"),
    ],
)
def test_capabilities_follow_the_runtime(
    runtime: FlinkRuntime, customer_managed_key: bool, restart_metric: str, java: int, python: str
) -> None:
    assert runtime.customer_managed_key_allowed is customer_managed_key
    assert msf_metric("fullRestarts").names_on(runtime) == (restart_metric,)
    assert (runtime.java_version, runtime.python_version) == (java, python)


def test_downtime_and_uptime_are_replaced_from_2_2_on() -> None:
    assert msf_metric("downtime").names_on(FlinkRuntime.FLINK_1_20) == ("downtime",)
    assert msf_metric("uptime").names_on(FlinkRuntime.FLINK_1_20) == ("uptime",)
    assert msf_metric("downtime").names_on(FlinkRuntime.FLINK_2_2) == (
        "restartingTime",
        "cancellingTime",
        "failingTime",
    )
    assert msf_metric("uptime").names_on(FlinkRuntime.FLINK_2_2) == ("runningTime",)


@pytest.mark.parametrize("identifier", ["FLINK-1_6", "FLINK-1_8", "FLINK-1_11", "FLINK-1_13"])
def test_ended_runtimes_are_not_supported(identifier: str) -> None:
    assert not FlinkRuntime.of(identifier).is_supported


def test_runtimes_that_only_the_community_has_left_still_start() -> None:
    assert FlinkRuntime.FLINK_1_18.support is RuntimeSupport.COMMUNITY_ENDED
    assert FlinkRuntime.FLINK_1_18.is_supported


def test_of_returns_the_known_runtime_itself() -> None:
    for runtime in FlinkRuntime.known():
        assert FlinkRuntime.of(runtime.identifier) is runtime


@pytest.mark.parametrize("form", ["FLINK-{}_{}", "flink-{}_{}", "{}.{}", "flink {}.{}", " FLINK-{}.{} ", "{}.{}.0"])
def test_a_runtime_is_found_in_every_spelling(form: str) -> None:
    for runtime in FlinkRuntime.known():
        if runtime.is_supported:
            assert FlinkRuntime.named(form.format(*runtime.release)) is runtime


@given(st.text())
def test_an_unknown_text_names_no_runtime(text: str) -> None:
    with suppress(UnknownRuntimeError):
        assert FlinkRuntime.named(text).is_supported


def test_known_runtimes_are_in_order() -> None:
    releases = [runtime.release for runtime in FlinkRuntime.known()]
    assert releases == sorted(releases)
    assert FlinkRuntime.FLINK_1_20.minor_version == "1.20"


@given(st.integers(2, 9), st.integers(4, 60))
def test_a_newer_runtime_takes_the_capabilities_of_the_newest_known_but_no_connectors(major: int, minor: int) -> None:
    runtime = FlinkRuntime.of(f"FLINK-{major}_{minor}")
    assert runtime.identifier == f"FLINK-{major}_{minor}"
    assert runtime.release == (major, minor)
    assert runtime.flink_version == f"{major}.{minor}"
    assert runtime.java_version == FlinkRuntime.FLINK_2_3.java_version
    assert runtime.customer_managed_key_allowed
    assert not runtime.connectors


def test_a_runtime_older_than_the_table_is_not_supported() -> None:
    assert not FlinkRuntime.of("FLINK-1_5").is_supported


@pytest.mark.parametrize("identifier", ["", "1.20", "FLINK-1.20", "flink-1_20", "SQL-1_0", "FLINK-1_20 "])
def test_of_refuses_an_identifier_that_is_not_msfs(identifier: str) -> None:
    with pytest.raises(UnknownRuntimeError, match="FLINK-<major>_<minor>"):
        FlinkRuntime.of(identifier)


def test_a_constructed_runtime_needs_an_identifier_of_msf() -> None:
    with pytest.raises(UnknownRuntimeError, match="got 'latest'"):
        _ = FlinkRuntime(identifier="latest", flink_version="3", java_version=17, python_version=None).release


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("3.4.0-1.20", True),
        ("1.2.0-1.19", True),
        ("4.0.0-2.0", False),
        ("3.4.0-1.21", False),
        ("1.20.5", True),
        ("1.19.1", False),
        ("3.4.0", False),
        ("", False),
    ],
)
def test_a_connector_fits_the_same_or_a_later_minor_of_its_flink_line(version: str, accepted: bool) -> None:
    assert FlinkRuntime.FLINK_1_20.accepts_connector("flink-connector-kafka", version) is accepted


@pytest.mark.parametrize(
    ("artifact", "version", "accepted"),
    [
        ("flink-connector-base", "1.20.5", True),
        ("flink-connector-base", "1.19.1", False),
        ("flink-connector-files", "2.2.0", False),
        ("flink-sql-connector-hive-3.1.3_2.12", "1.19.1", False),
        ("flink-connector-elasticsearch7", "1.15.4", False),
        ("flink-connector-kafka_2.12", "1.14.6", False),
        ("flink-connector-aws-kinesis-streams", "1.15.4", False),
        ("flink-sql-connector-mysql-cdc", "3.2.1", True),
        ("flink-connector-postgres-cdc", "3.5.0", True),
        ("flink-connector-debezium", "3.2-SNAPSHOT", True),
        ("flink-connector-mysql-cdc", "3.6.0-1.20", True),
        ("flink-connector-mysql-cdc", "3.6.0-2.2", False),
    ],
)
def test_a_version_without_a_flink_release_counts_for_what_flink_releases_itself(
    artifact: str, version: str, accepted: bool
) -> None:
    assert FlinkRuntime.FLINK_1_20.accepts_connector(artifact, version) is accepted


def test_every_connector_of_the_table_fits_its_runtime() -> None:
    for runtime in FlinkRuntime.known():
        for artifact, version in runtime.connectors.items():
            assert artifact.startswith("flink-connector-")
            assert runtime.accepts_connector(artifact, version), (runtime.identifier, artifact)


def test_the_prometheus_connector_has_no_release_for_flink_2() -> None:
    assert FlinkRuntime.FLINK_1_20.connector_version("flink-connector-prometheus") == "1.0.0-1.20"
    assert FlinkRuntime.FLINK_2_2.connector_version("flink-connector-prometheus") is None


def test_runtimes_can_be_compared_and_hashed() -> None:
    assert len({*FlinkRuntime.known(), FlinkRuntime.of("FLINK-1_20")}) == len(FlinkRuntime.known())


def test_a_runtime_says_why_it_takes_no_customer_managed_key_or_no_python() -> None:
    assert FlinkRuntime.FLINK_1_20.problem_with_customer_managed_key is None
    assert FlinkRuntime.FLINK_1_19.problem_with_customer_managed_key == (
        "a customer managed key needs a runtime from FLINK-1_20 on, got FLINK-1_19: upgrade the runtime first, in a"
        " separate deployment or with penstock app upgrade --runtime FLINK-1_20"
    )
    assert FlinkRuntime.FLINK_1_19.problem_with_python is None
    assert FlinkRuntime.FLINK_1_8.problem_with_python == (
        "runtime FLINK-1_8 runs no Python jobs: use FLINK-1_20 or later"
    )
