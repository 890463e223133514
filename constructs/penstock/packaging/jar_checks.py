"""Whether a job's jar fits the runtime: its connectors, and the Java that its classes were compiled for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from penstock.packaging.archive_damage import read_start

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from penstock.model.runtimes import FlinkRuntime

__all__ = ("find_jar_problems",)

_CONNECTOR_PREFIXES: Final = ("flink-connector-", "flink-sql-connector-")
_CLASS_MAGIC: Final = 0xCAFEBABE
_CLASS_FILE_HEADER: Final = struct.Struct(">IHH")
_CLASS_VERSION_OF_JAVA_0: Final = 44
_MULTI_RELEASE: Final = "META-INF/versions/"


def find_jar_problems(name: str, jar: zipfile.ZipFile, runtime: FlinkRuntime) -> Iterator[str]:
    """Yield connectors that were built for another Flink (R105), and classes for a newer Java than the runtime's."""
    for artifact, version in _connectors(jar):
        if not runtime.accepts_connector(artifact, version):
            known = runtime.connector_version(artifact)
            fix = f"use {artifact} {known}" if known else f"it has no known release for Flink {runtime.minor_version}"
            yield f"{name} holds {artifact} {version}, which is not built for {runtime.identifier}: {fix}"
    newest = _newest_class(jar)
    if newest is not None and newest[0] > runtime.java_version:
        yield (
            f"{name} holds classes for Java {newest[0]} ({newest[1]}), {runtime.identifier} runs Java"
            f" {runtime.java_version}: compile with --release {runtime.java_version}, or take an older dependency"
        )


def _connectors(jar: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for entry in jar.namelist():
        parts = entry.split("/")
        if entry.startswith("META-INF/maven/org.apache.flink/") and parts[-1] == "pom.properties":
            lines = read_start(jar, entry).decode(errors="replace").splitlines()
            properties = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
            artifact = properties.get("artifactId", "").strip()
            if artifact.startswith(_CONNECTOR_PREFIXES):
                yield artifact, properties.get("version", "").strip()


def _newest_class(jar: zipfile.ZipFile) -> tuple[int, str] | None:
    """Return the Java of the class that needs the newest, and its name; classes for newer JVMs only do not count."""
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
