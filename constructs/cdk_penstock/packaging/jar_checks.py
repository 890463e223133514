"""Checks of a job's jar against the runtime: connectors, parts that clash, and the Java version of its classes."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.jar_content import JarContent
from cdk_penstock.packaging.jar_pairs import find_pairs

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.packaging.jar_content import Artifact

_FLINK: Final = frozenset({"org.apache.flink", ""})
_CONNECTOR_PREFIXES: Final = ("flink-connector-", "flink-sql-connector-")
# Formats and libraries that are released with Flink, and that a job may contain.
_RELEASED_WITH_FLINK: Final = re.compile(
    r"flink-(?:sql-)?(?:avro|avro-confluent-registry|cep|csv|json|orc|parquet|protobuf|state-processor-api)"
)
# Table formats have their Flink release in their name.
_BUILT_FOR: Final = re.compile(r"(?:iceberg-flink-(?:runtime-)?|paimon-flink-|hudi-flink)(\d+\.\d+)(?:[-_.x].*)?")
_CLASS_MAGIC: Final = 0xCAFEBABE
_CLASS_FILE_HEADER: Final = struct.Struct(">IHH")
_CLASS_VERSION_OF_JAVA_0: Final = 44
_MULTI_RELEASE: Final = "META-INF/versions/"
_MSK_IAM: Final = "software/amazon/msk/auth/iam/"
_JAVA_OF_NEW_MSK_IAM: Final = 17


def find_jar_problems(name: str, jar: zipfile.ZipFile, runtime: FlinkRuntime) -> Iterator[str]:
    """Yield connectors for another Flink, classes for a newer Java than the runtime's, and parts that clash with it."""
    content = JarContent.read(name, jar)
    for artifact in content.artifacts:
        problem = _of_another_flink(artifact, runtime)
        if problem:
            yield f"{name} holds {artifact}, which is not built for {runtime.identifier}: {problem}"
    yield from (f"{name} holds {problem}" for problem in find_pairs(content, runtime))
    newest = _newest_class(jar)
    if newest is not None and newest[0] > runtime.java_version:
        yield (
            f"{name} holds classes for Java {newest[0]} ({newest[1]}), {runtime.identifier} runs Java"
            f" {runtime.java_version}: {_fix_of_java(newest[1], runtime)}"
        )


def _of_another_flink(artifact: Artifact, runtime: FlinkRuntime) -> str | None:
    """Return the fix for an artifact that was built for another Flink, None for one that fits."""
    built_for = _BUILT_FOR.fullmatch(artifact.name)
    if built_for is None and not artifact.group:
        # If only the jar's name is known, the table format's version may follow Flink's.
        built_for = _BUILT_FOR.fullmatch(f"{artifact.name}-{artifact.version}".lower())
    if built_for is not None:
        is_other = built_for[1] != runtime.minor_version
        return f"take the artifact for Flink {runtime.minor_version}" if is_other else None
    if artifact.group not in _FLINK:
        return None
    if artifact.name.startswith(_CONNECTOR_PREFIXES):
        if runtime.accepts_connector(artifact.name, artifact.version):
            return None
        known = runtime.connector_version(artifact.name)
        return f"use {artifact.name} {known}" if known else f"it has no known release for Flink {runtime.minor_version}"
    release = re.match(r"\d+\.\d+(?=\.\d+)", artifact.version)
    if _RELEASED_WITH_FLINK.fullmatch(artifact.name) and release and release[0] != runtime.minor_version:
        return f"use {artifact.name} {runtime.flink_version}"
    return None


def _fix_of_java(entry: str, runtime: FlinkRuntime) -> str:
    if entry.startswith(_MSK_IAM) and runtime.java_version < _JAVA_OF_NEW_MSK_IAM:
        return "take aws-msk-iam-auth 2.3.4, the last release for Java 11"  # aws/aws-msk-iam-auth#228
    return f"compile with --release {runtime.java_version}, or take an older dependency"


def _newest_class(jar: zipfile.ZipFile) -> tuple[int, str] | None:
    """Return the newest Java version that a class needs, and the class; variants for newer JVMs do not count."""
    newest: tuple[int, str] | None = None
    for entry in jar.namelist():
        if not entry.endswith(".class") or entry.startswith(_MULTI_RELEASE) or entry.endswith("module-info.class"):
            continue
        with jar.open(entry) as stream:
            header = stream.read(_CLASS_FILE_HEADER.size)
        if len(header) < _CLASS_FILE_HEADER.size:
            continue
        magic, _, major = _CLASS_FILE_HEADER.unpack(header)
        java = major - _CLASS_VERSION_OF_JAVA_0
        if magic == _CLASS_MAGIC and (newest is None or java > newest[0]):
            newest = java, entry
    return newest
