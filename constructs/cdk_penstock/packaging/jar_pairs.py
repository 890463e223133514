"""Parts of a jar that cannot work together, or with MSF's class path."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.packaging.jar_content import JarContent

_FLINK: Final = "org.apache.flink"
_SHOWN: Final = 3

# A class that only this artifact has, since a jar may lack Maven's ``pom.properties``.
_RUNTIME_CLASSES: Final = {
    "flink-core": "org/apache/flink/api/common/ExecutionConfig.class",
    "flink-clients": "org/apache/flink/client/program/PackagedProgram.class",
    "flink-runtime": "org/apache/flink/runtime/jobmaster/JobMaster.class",
    "flink-streaming-java": "org/apache/flink/streaming/api/environment/StreamExecutionEnvironment.class",
    "flink-table-api-java": "org/apache/flink/table/api/TableEnvironment.class",
    "flink-table-common": "org/apache/flink/table/data/RowData.class",
    "flink-table-planner": "org/apache/flink/table/planner/delegation/PlannerBase.class",
    "flink-table-planner-loader": "org/apache/flink/table/planner/loader/PlannerModule.class",
}
_RUNTIME_ARTIFACT: Final = re.compile(
    r"flink-(?:annotations|core|core-api|clients|dist|java|metrics-core|optimizer|python|rpc-core|rpc-akka|rpc-akka-loader"
    r"|runtime|runtime-web|streaming-java|table-api-java|table-api-java-bridge|table-api-bridge-base|table-common"
    r"|table-planner|table-planner-loader|table-runtime)"
)
_LOGGING_ARTIFACT: Final = re.compile(
    r"slf4j-(?:log4j12|reload4j|simple|jdk14|jcl|nop)|log4j-(?:core|slf4j2?-impl|to-slf4j|over-slf4j|1\.2-api)|log4j"
    r"|logback-(?:classic|core)|reload4j"
)
_LOGGING_CLASSES: Final = {
    "a binding of SLF4J": "org/slf4j/impl/StaticLoggerBinder.class",
    "a provider of SLF4J": "META-INF/services/org.slf4j.spi.SLF4JServiceProvider",
    "log4j-core": "org/apache/logging/log4j/core/LoggerContext.class",
    "logback-classic": "ch/qos/logback/classic/Logger.class",
}
_RELOCATED_KAFKA: Final = "org/apache/flink/kafka/shaded/org/apache/kafka/"
_KAFKA_CLASSES: Final = (
    "org/apache/kafka/clients/consumer/KafkaConsumer.class",
    "org/apache/kafka/common/security/auth/AuthenticateCallbackHandler.class",
    "software/amazon/msk/auth/iam/IAMClientCallbackHandler.class",
)
_SCALA_SUFFIX: Final = re.compile(r".+_(2\.1\d|3)")
# Scala 3 reads classes of 2.13, and the reverse.
_SCALA_3: Final = {"3": "2.13"}
_FLINKS_SCALA: Final = "2.12"
_SCALA_API: Final = re.compile(r"flink-(?:scala|streaming-scala|table-api-scala(?:-bridge)?)_.*")
_WITHOUT_SCALA_API: Final = (2, 0)


def find_pairs(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Yield the parts that clash, as the end of a sentence that begins with the jar."""
    rules: tuple[Callable[[JarContent, FlinkRuntime], Iterator[str]], ...] = (
        _flink_itself,
        _logging,
        _kafka_twice,
        _connector_twice,
        _two_versions,
        _jackson,
        _scala,
    )
    for rule in rules:
        yield from rule(jar, runtime)


def _flink_itself(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find parts that MSF always loads from its own Flink; two planners fail (apache/streampark#4252)."""
    by_name = {
        _without_scala(artifact.name)
        for artifact in jar.artifacts
        if artifact.group in {_FLINK, ""} and _RUNTIME_ARTIFACT.fullmatch(_without_scala(artifact.name))
    }
    found = sorted(by_name | {name for name, entry in _RUNTIME_CLASSES.items() if jar.holds(entry)})
    if found:
        yield (
            f"{_listed(found)}, which {runtime.identifier} already has, so the two would clash: give Flink's own"
            " dependencies the scope provided in pom.xml"
        )


def _logging(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find logging backends: Flink loads those packages from its own class path first (Flink, class loading)."""
    del runtime
    found = {str(artifact) for artifact in jar.artifacts if _LOGGING_ARTIFACT.fullmatch(artifact.name)}
    found = found or {what for what, entry in _LOGGING_CLASSES.items() if jar.holds(entry)}
    if found:
        yield (
            f"{_listed(sorted(found))}, and MSF logs with a log4j of its choice, so the job's log events could be lost:"
            " exclude logging backends and bindings (org.slf4j:slf4j-*, org.apache.logging.log4j:*, ch.qos.logback:*)"
            " from the jar, and log through slf4j-api"
        )


def _kafka_twice(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find Kafka's client beside the one that the SQL connector relocates (aws/aws-msk-iam-auth#190)."""
    relocated = any(entry.startswith(_RELOCATED_KAFKA) for entry in jar.copies) or any(
        artifact.name == "flink-sql-connector-kafka" for artifact in jar.artifacts
    )
    known = runtime.connector_version("flink-connector-kafka")
    if relocated and (
        jar.holds(*_KAFKA_CLASSES) or any(each.name in {"kafka-clients", "aws-msk-iam-auth"} for each in jar.artifacts)
    ):
        yield (
            "Kafka's client twice, as flink-sql-connector-kafka relocates it and as kafka-clients or aws-msk-iam-auth"
            " have it, and classes for one do not fit the other (ClassCastException): use flink-connector-kafka"
            f"{f' {known}' if known else ''} in place of flink-sql-connector-kafka"
        )


def _connector_twice(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find a connector for SQL, which holds the plain one with relocated dependencies, beside that one."""
    del runtime
    by_name = {artifact.name: artifact for artifact in jar.artifacts}
    for name, artifact in by_name.items():
        plain = by_name.get(name.replace("flink-sql-connector-", "flink-connector-", 1))
        if plain is not None and plain is not artifact:
            yield f"both {artifact} and {plain}, of which the first holds the second: keep one of them"


def _two_versions(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    del runtime
    versions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for artifact in jar.artifacts:
        versions[artifact.group, artifact.name].add(artifact.version)
    for (_, name), found in versions.items():
        if len(found) > 1:
            yield f"{name} in the versions {', '.join(sorted(found))}, and nothing defines which is loaded: keep one"
    twice = sorted(name for name, sums in jar.copies.items() if len(sums) > 1 and name.endswith(".class"))
    if twice:
        yield (
            f"two different classes of one name, {_listed(twice)}: keep one version of each library (mvn"
            " dependency:tree shows where they come from)"
        )


def _jackson(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find parts of Jackson of different minor releases, which do not work together."""
    del runtime
    parts = [each for each in jar.of_group("com.fasterxml.jackson.core") if each.name != "jackson-annotations"]
    if len({tuple(each.version.split(".")[:2]) for each in parts}) > 1:
        shown = _listed([str(each) for each in parts])
        yield f"{shown}, which need the same minor release: import jackson-bom in pom.xml"


def _scala(jar: JarContent, runtime: FlinkRuntime) -> Iterator[str]:
    """Find Scala of another release than Flink's, only 2.12 since 1.15, and releases of Scala that do not mix."""
    found: dict[str, str] = {}
    for artifact in jar.artifacts:
        match = _SCALA_SUFFIX.fullmatch(artifact.name)
        if match:
            found.setdefault(_SCALA_3.get(match[1], match[1]), str(artifact))
            if artifact.group == _FLINK and match[1] != _FLINKS_SCALA:
                yield f"{artifact}, and Flink is built for Scala {_FLINKS_SCALA}: take its _{_FLINKS_SCALA}"
            elif _SCALA_API.fullmatch(artifact.name) and runtime.release >= _WITHOUT_SCALA_API:
                yield f"{artifact}, and {runtime.identifier} has no Scala API: use the Java API from Scala"
        elif artifact.name == "scala-library":
            found.setdefault(".".join(artifact.version.split(".")[:2]), str(artifact))
    if len(found) > 1:
        yield f"libraries of several releases of Scala, {_listed(sorted(found.values()))}: take all for the same one"


def _without_scala(name: str) -> str:
    return re.sub(r"_2\.1\d$", "", name)


def _listed(found: list[str]) -> str:
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
