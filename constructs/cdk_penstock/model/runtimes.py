"""Capabilities of each MSF runtime: one table for constructs, packaging, alarms and tools.

Sources: managed-flink release-version-list, key-management-flink, how-snapshots and the Flink 2.2 upgrade guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Self

from cdk_penstock.model.connector_releases import is_built_for, newest_connectors
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDENTIFIER: Final = re.compile(r"FLINK-(\d+)_(\d+)")
_AS_PEOPLE_WRITE: Final = re.compile(r"(?:flink[-_ ]?)?(\d+)[._](\d+)(?:\.\d+)?", re.IGNORECASE)
_MINIMUM_FOR_CUSTOMER_MANAGED_KEY: Final = (1, 20)
FIRST_WITH_CUSTOMER_MANAGED_KEY: Final = "FLINK-{}_{}".format(*_MINIMUM_FOR_CUSTOMER_MANAGED_KEY)
CUSTOMER_MANAGED_KEY_NEEDS: Final = f"a customer managed key needs a runtime from {FIRST_WITH_CUSTOMER_MANAGED_KEY} on"
_MINIMUM_FOR_RUNNING_TIME_METRICS: Final = (2, 2)


class UnknownRuntimeError(PenstockError):
    """A runtime identifier that is not of MSF's form."""


class RuntimeSupport(Enum):
    """Stage of MSF's support for a runtime."""

    SUPPORTED = "supported"
    COMMUNITY_ENDED = "supported by MSF, no longer by the Apache Flink community"
    ENDED = "no longer supported"


@dataclass(frozen=True, kw_only=True)
class FlinkRuntime:
    """An Apache Flink runtime of MSF and its capabilities.

    Parameters
    ----------
    identifier
        MSF's name, for example ``FLINK-1_20``.
    flink_version
        The Apache Flink release that MSF runs, for example ``1.20.5``.
    java_version
        The Java feature release that the job's classes must not exceed.
    python_version
        The Python of PyFlink jobs as ``major.minor``, None if MSF's documentation names none.
    support
        The stage of MSF's support.
    connectors
        The newest release of each Apache Flink connector built for this runtime, by Maven artifact. A connector that
        is absent has no release for it.
    """

    identifier: str
    flink_version: str
    java_version: int
    python_version: str | None
    support: RuntimeSupport = RuntimeSupport.SUPPORTED
    connectors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    FLINK_1_6: ClassVar[FlinkRuntime]
    FLINK_1_8: ClassVar[FlinkRuntime]
    FLINK_1_11: ClassVar[FlinkRuntime]
    FLINK_1_13: ClassVar[FlinkRuntime]
    FLINK_1_15: ClassVar[FlinkRuntime]
    FLINK_1_18: ClassVar[FlinkRuntime]
    FLINK_1_19: ClassVar[FlinkRuntime]
    FLINK_1_20: ClassVar[FlinkRuntime]
    """The default: the first with customer managed keys, the last with an official Prometheus connector."""
    FLINK_2_2: ClassVar[FlinkRuntime]
    FLINK_2_3: ClassVar[FlinkRuntime]

    @classmethod
    def of(cls, identifier: str) -> Self:
        """Return the runtime with this identifier, also one that is newer than this table.

        An unknown runtime takes the capabilities of the newest known one before it, without connectors, whose releases
        for it cannot be known here. Raises UnknownRuntimeError for anything
        that is not of the form ``FLINK-<major>_<minor>``.
        """
        known = _KNOWN.get(identifier)
        if known is not None:
            return known  # type: ignore[return-value]
        match = _IDENTIFIER.fullmatch(identifier)
        if match is None:
            raise UnknownRuntimeError(
                f"runtime must be of the form FLINK-<major>_<minor>, got {identifier!r}; known are {', '.join(_KNOWN)}"
            )
        release = (int(match[1]), int(match[2]))
        before = [runtime for runtime in _KNOWN.values() if runtime.release < release] or [cls.FLINK_1_6]
        return replace(
            before[-1],  # type: ignore[return-value]
            identifier=identifier,
            flink_version=f"{release[0]}.{release[1]}",
            connectors=MappingProxyType({}),
        )

    @classmethod
    def named(cls, text: str) -> Self:
        """Return the runtime that people write as ``FLINK-1_20``, ``flink-1_20``, ``1.20`` or ``1.20.5``.

        Raises UnknownRuntimeError for one that is not in the table, and for one that MSF no longer starts.
        """
        match = _AS_PEOPLE_WRITE.fullmatch(text.strip())
        runtime = _KNOWN.get(f"FLINK-{match[1]}_{match[2]}") if match else None
        if runtime is None or not runtime.is_supported:
            usable = ", ".join(known.identifier for known in cls.known() if known.is_supported)
            wrong = "unknown runtime" if runtime is None else "MSF no longer starts applications on"
            raise UnknownRuntimeError(f"{wrong} {text!r}, expected one of {usable}")
        return runtime  # type: ignore[return-value]

    @classmethod
    def known(cls) -> tuple[FlinkRuntime, ...]:
        """Return every runtime of the table, oldest first."""
        return tuple(_KNOWN.values())

    def __repr__(self) -> str:
        if _KNOWN.get(self.identifier) is self:
            return f"FlinkRuntime.{self.identifier.replace('-', '_')}"
        return f"FlinkRuntime.of({self.identifier!r})"

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor number, which order runtimes."""
        match = _IDENTIFIER.fullmatch(self.identifier)
        if match is None:
            raise UnknownRuntimeError(f"runtime must be of the form FLINK-<major>_<minor>, got {self.identifier!r}")
        return int(match[1]), int(match[2])

    @property
    def minor_version(self) -> str:
        """The Flink version without its patch, as connectors carry it in theirs: ``1.20``."""
        return "{}.{}".format(*self.release)

    @property
    def is_supported(self) -> bool:
        """True if MSF still starts applications on it."""
        return self.support is not RuntimeSupport.ENDED

    @property
    def customer_managed_key_allowed(self) -> bool:
        """True if an application can be encrypted with a customer managed key."""
        return self.release >= _MINIMUM_FOR_CUSTOMER_MANAGED_KEY

    @property
    def problem_with_customer_managed_key(self) -> str | None:
        """The reason and the fix where an application cannot have a customer managed key, else None."""
        if self.customer_managed_key_allowed:
            return None
        return (
            f"{CUSTOMER_MANAGED_KEY_NEEDS}, got {self.identifier}: upgrade the runtime first, in a separate deployment"
            f" or with penstock app upgrade --runtime {FIRST_WITH_CUSTOMER_MANAGED_KEY}"
        )

    @property
    def problem_with_python(self) -> str | None:
        """The reason and the fix where the runtime runs no Python jobs, else None."""
        if self.python_version is not None:
            return None
        return f"runtime {self.identifier} runs no Python jobs: use FLINK-1_20 or later"

    @property
    def renames_job_metrics(self) -> bool:
        """True if the metrics of restarts, uptime and downtime have the names that they have from Flink 2.2 on."""
        return self.release >= _MINIMUM_FOR_RUNNING_TIME_METRICS

    def connector_version(self, artifact: str) -> str | None:
        """Return the newest release of a connector for this runtime, None if there is no release."""
        return self.connectors.get(artifact)

    def accepts_connector(self, artifact: str, version: str) -> bool:
        """Return True if a connector, given by its Maven artifact and version, was built for this runtime.

        Connectors carry the Flink release that they were built for behind a hyphen, ``3.4.0-1.20``. One built
        for an earlier minor of the same major line is accepted, since Flink keeps the connector interfaces within a
        major release; one for a later minor, or for another major, is not. A connector that Flink itself releases, or
        did before connectors had separate releases (apache/flink, flink-connectors), has Flink's version, which must be
        of exactly this release. Others without a suffix, such as Flink CDC 3.2.1, do not name a release, and are
        accepted.
        """
        return is_built_for(self.release, artifact, version)


def _runtime(
    identifier: str,
    flink_version: str,
    *,
    java: int,
    python: str | None,
    support: RuntimeSupport = RuntimeSupport.SUPPORTED,
) -> FlinkRuntime:
    return FlinkRuntime(
        identifier=identifier,
        flink_version=flink_version,
        java_version=java,
        python_version=python,
        support=support,
        connectors=newest_connectors(identifier),
    )


_ENDED: Final = RuntimeSupport.ENDED
_COMMUNITY_ENDED: Final = RuntimeSupport.COMMUNITY_ENDED

_KNOWN: Final[dict[str, FlinkRuntime]] = {
    runtime.identifier: runtime
    for runtime in (
        _runtime("FLINK-1_6", "1.6.2", java=8, python=None, support=_ENDED),
        _runtime("FLINK-1_8", "1.8.2", java=8, python=None, support=_ENDED),
        _runtime("FLINK-1_11", "1.11.1", java=11, python="3.7", support=_ENDED),
        _runtime("FLINK-1_13", "1.13.2", java=11, python="3.8", support=_ENDED),
        _runtime("FLINK-1_15", "1.15.2", java=11, python="3.8", support=_COMMUNITY_ENDED),
        _runtime("FLINK-1_18", "1.18.1", java=11, python="3.10", support=_COMMUNITY_ENDED),
        _runtime("FLINK-1_19", "1.19.1", java=11, python="3.11"),
        _runtime("FLINK-1_20", "1.20.5", java=11, python="3.11"),
        _runtime("FLINK-2_2", "2.2.1", java=17, python="3.12"),
        _runtime("FLINK-2_3", "2.3.0", java=17, python="3.12"),
    )
}

for _each in _KNOWN.values():
    setattr(FlinkRuntime, _each.identifier.replace("-", "_"), _each)
