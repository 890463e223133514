from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, find_problems
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLINK_1_20 = FlinkRuntime.FLINK_1_20
FLINK_2_2 = FlinkRuntime.FLINK_2_2
FLINK = "org.apache.flink"
JACKSON = "com.fasterxml.jackson.core"


def artifact(name: str, version: str, group: str = FLINK) -> dict[str, bytes]:
    text = f"groupId={group}\nartifactId={name}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{name}/pom.properties": text.encode()}


def java_class(java: int) -> bytes:
    return struct.pack(">IHH", 0xCAFEBABE, 0, java + 44) + b"\0" * 8


RELOCATED = {"org/apache/flink/kafka/shaded/org/apache/kafka/clients/consumer/KafkaConsumer.class": b""}
UNRELOCATED = {"org/apache/kafka/clients/consumer/KafkaConsumer.class": b""}
MSK_IAM = {"software/amazon/msk/auth/iam/IAMClientCallbackHandler.class": java_class(8)}
NEW_MSK_IAM = {"software/amazon/msk/auth/iam/IAMClientCallbackHandler.class": java_class(17)}


@pytest.fixture
def problems(write_archive: Callable[..., Path]) -> Callable[..., list[str]]:
    def find(
        files: dict[str, bytes], runtime: FlinkRuntime = FLINK_1_20, name: str = "lib/pyflink-dependencies.jar"
    ) -> list[str]:
        jars = {"lib/pyflink-dependencies.jar": None, name: make_jar(files)}
        return find_problems(CodeArchive.open(write_archive(jars)), runtime=runtime)

    return find


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Flink itself
        (
            artifact("flink-streaming-java", "1.20.5"),
            "flink-streaming-java, which FLINK-1_20 already has, so the two",
        ),
        (artifact("flink-table-planner_2.12", "1.20.5"), "flink-table-planner, which FLINK-1_20 already has"),
        (artifact("flink-table-planner-loader", "1.20.0"), "give Flink's own dependencies the scope provided in pom.x"),
        (artifact("flink-clients", "1.20.5"), "flink-clients, which FLINK-1_20 already has"),
        ({"org/apache/flink/runtime/jobmaster/JobMaster.class": b""}, "holds flink-runtime, which FLINK-1_20 already"),
        ({"org/apache/flink/table/data/RowData.class": b""}, "holds flink-table-common, which FLINK-1_20 already has"),
        (
            {
                **artifact("flink-core", "1.20.5"),
                **artifact("flink-java", "1.20.5"),
                **artifact("flink-dist", "1.20.5"),
            },
            "holds flink-core, flink-dist, flink-java, which FLINK-1_20 already has",
        ),
        # logging
        (artifact("slf4j-log4j12", "1.7.36", "org.slf4j"), "holds slf4j-log4j12 1.7.36, and MSF logs with a log4j of"),
        (artifact("log4j-slf4j2-impl", "2.24.0", "org.apache.logging.log4j"), "exclude logging backends and bindings"),
        (artifact("logback-classic", "1.5.0", "ch.qos.logback"), "holds logback-classic 1.5.0, and MSF logs"),
        ({"org/slf4j/impl/StaticLoggerBinder.class": b""}, "holds a binding of SLF4J, and MSF logs with a log4j"),
        ({"META-INF/services/org.slf4j.spi.SLF4JServiceProvider": b"x"}, "holds a provider of SLF4J, and MSF logs"),
        ({"org/apache/logging/log4j/core/LoggerContext.class": b""}, "holds log4j-core, and MSF logs"),
        # Kafka
        ({**RELOCATED, **MSK_IAM}, "holds Kafka's client twice, as flink-sql-connector-kafka relocates it and as"),
        ({**RELOCATED, **UNRELOCATED}, "use flink-connector-kafka 3.4.0-1.20 in place of flink-sql-connector-kafka"),
        (
            {**artifact("flink-sql-connector-kafka", "3.4.0-1.20"), **MSK_IAM},
            "classes for one do not fit the other (ClassCastException)",
        ),
        (
            {**UNRELOCATED, **NEW_MSK_IAM},
            "FLINK-1_20 runs Java 11: take aws-msk-iam-auth 2.3.4, the last release for Java 11",
        ),
        # connectors and formats
        (
            {
                **artifact("flink-sql-connector-opensearch", "1.2.0-1.19"),
                **artifact("flink-connector-opensearch", "1.2.0-1.19"),
            },
            "holds both flink-sql-connector-opensearch 1.2.0-1.19 and flink-connector-opensearch 1.2.0-1.19, of whic",
        ),
        (artifact("flink-avro", "1.19.1"), "holds flink-avro 1.19.1, which is not built for FLINK-1_20: use flink-avr"),
        (artifact("flink-sql-parquet", "2.0.0"), "flink-sql-parquet 2.0.0, which is not built for FLINK-1_20: use fli"),
        (
            artifact("iceberg-flink-runtime-1.19", "1.7.1", "org.apache.iceberg"),
            "iceberg-flink-runtime-1.19 1.7.1, which is not built for FLINK-1_20: take the artifact for Flink 1.20",
        ),
        (artifact("hudi-flink1.18-bundle", "0.15.0", "org.apache.hudi"), "take the artifact for Flink 1.20"),
        # versions
        (
            {**artifact("jackson-core", "2.12.7", JACKSON), **artifact("jackson-databind", "2.15.2", JACKSON)},
            "holds jackson-core 2.12.7, jackson-databind 2.15.2, which need the same minor release: import jackson-bom",
        ),
        # Scala
        (artifact("flink-scala_2.11", "1.20.0"), "holds flink-scala_2.11 1.20.0, and Flink is built for Scala 2.12: t"),
        (
            {
                **artifact("kafka_2.13", "3.4.0", "org.apache.kafka"),
                **artifact("cats-core_2.12", "2.9.0", "org.typelevel"),
            },
            "holds libraries of several releases of Scala, cats-core_2.12 2.9.0, kafka_2.13 3.4.0: take all for the",
        ),
        (
            {
                **artifact("scala-library", "2.13.15", "org.scala-lang"),
                **artifact("cats-core_2.12", "2.9.0", "org.typelevel"),
            },
            "holds libraries of several releases of Scala, cats-core_2.12 2.9.0, scala-library 2.13.15",
        ),
    ],
)
def test_parts_that_cannot_work_together_are_named_with_the_fix(
    problems: Callable[..., list[str]], files: dict[str, bytes], expected: str
) -> None:
    (problem,) = problems(files)
    assert problem.startswith("lib/pyflink-dependencies.jar holds ")
    assert expected in problem


@pytest.mark.parametrize(
    "files",
    [
        {**UNRELOCATED, **MSK_IAM, **artifact("flink-connector-kafka", "3.4.0-1.20")},
        RELOCATED,
        {**artifact("flink-sql-connector-kafka", "3.4.0-1.20"), **RELOCATED},
        artifact("slf4j-api", "1.7.36", "org.slf4j"),
        artifact("log4j-api", "2.24.3", "org.apache.logging.log4j"),
        {**artifact("flink-avro", "1.20.1"), **artifact("flink-protobuf", "1.20.5")},
        artifact("flink-avro-glue-schema-registry", "4.3.0-1.19"),
        artifact("flink-cdc-common", "3.2.1"),
        artifact("iceberg-flink-runtime-1.20", "1.7.1", "org.apache.iceberg"),
        {**artifact("jackson-core", "2.15.2", JACKSON), **artifact("jackson-databind", "2.15.4", JACKSON)},
        {**artifact("jackson-core", "2.20.0", JACKSON), **artifact("jackson-annotations", "2.19", JACKSON)},
        {
            **artifact("scala-library", "2.13.15", "org.scala-lang"),
            **artifact("flink-scala-api-1_3", "1.2.8", "org.flinkextended"),
        },
        {**artifact("flink-scala_2.12", "1.20.5"), **artifact("scala-library", "2.12.7", "org.scala-lang")},
        {"shaded/ch/qos/logback/classic/Logger.class": b""},
    ],
)
def test_parts_that_work_together_are_accepted(problems: Callable[..., list[str]], files: dict[str, bytes]) -> None:
    assert problems(files) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lib/flink-sql-connector-kafka-4.0.0-2.0.jar", "flink-sql-connector-kafka 4.0.0-2.0, which is not built for"),
        ("lib/iceberg-flink-runtime-1.19-1.7.1.jar", "iceberg-flink-runtime 1.19-1.7.1, which is not built for FLINK-"),
        ("lib/hudi-flink1.18-bundle-0.15.0.jar", "hudi-flink1.18-bundle 0.15.0, which is not built for FLINK-1_20: ta"),
        ("lib/flink-table-planner_2.12-1.20.5.jar", "flink-table-planner, which FLINK-1_20 already has"),
        ("lib/log4j-core-2.24.3.jar", "log4j-core 2.24.3, and MSF logs with a log4j of its choice"),
    ],
)
def test_a_jar_without_pom_properties_is_known_by_its_name(
    problems: Callable[..., list[str]], name: str, expected: str
) -> None:
    (problem,) = problems({}, name=name)
    assert problem.startswith(f"{name} holds ")
    assert expected in problem


@pytest.mark.parametrize(
    "name",
    [
        "lib/flink-sql-connector-kinesis-4.3.0-1.19.jar",
        "lib/iceberg-flink-runtime-1.20-1.7.1.jar",
        "lib/job-1.0-SNAPSHOT.jar",
        "lib/all.jar",
    ],
)
def test_a_name_that_fits_or_has_no_version_is_accepted(problems: Callable[..., list[str]], name: str) -> None:
    assert problems({}, name=name) == []


def test_flink_2_has_no_scala_api_and_runs_newer_classes(problems: Callable[..., list[str]]) -> None:
    (problem,) = problems(artifact("flink-streaming-scala_2.12", "1.20.5"), runtime=FLINK_2_2)
    assert "flink-streaming-scala_2.12 1.20.5, and FLINK-2_2 has no Scala API: use the Java API from Scala" in problem
    assert problems(NEW_MSK_IAM, runtime=FLINK_2_2) == []


def twice(name: str, one: bytes, other: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr(name, one)
        with pytest.warns(UserWarning, match="Duplicate name"):
            jar.writestr(name, other)
    return buffer.getvalue()


def test_two_versions_of_one_library_are_named(write_archive: Callable[..., Path]) -> None:
    def find(jar: bytes) -> list[str]:
        archive = CodeArchive.open(write_archive({"lib/pyflink-dependencies.jar": jar}))
        return find_problems(archive, runtime=FLINK_1_20)

    (name, one), (_, other) = (
        next(iter(artifact("guava", version, "com.google.guava").items())) for version in ("31.1-jre", "33.0-jre")
    )
    (problem,) = find(twice(name, one, other))
    assert "guava in the versions 31.1-jre, 33.0-jre, and nothing defines which is loaded: keep one" in problem
    (problem,) = find(twice("org/apache/kafka/clients/Client.class", b"1", b"2"))
    assert "two different classes of one name, org/apache/kafka/clients/Client.class: keep one version of" in problem
    assert find(twice("org/apache/kafka/clients/Client.class", b"1", b"1")) == []


def test_the_jar_of_a_java_job_is_checked_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "job-1.0.jar"
    path.write_bytes(make_jar(artifact("flink-clients", "1.20.5")))
    (problem,) = find_problems(CodeArchive.open(path), runtime=FLINK_1_20)
    assert problem.startswith("job-1.0.jar holds flink-clients, which FLINK-1_20 already has")
