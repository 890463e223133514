"""Documented differences between runtimes that an upgrade meets: one table.

Sources: managed-flink, precautions (known issues with application upgrades), upgrading-applications, flink-2-2,
flink-2-2-upgrade-guide, state-compatibility, and key-management-flink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.runtime_upgrade.upgrade_check import CheckResult, UpgradeCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.runtimes import FlinkRuntime


@dataclass(frozen=True, kw_only=True)
class DocumentedChange:
    """A difference between the releases before a release, and those from one on.

    Parameters
    ----------
    before, since
        The upgrade meets the difference if it begins below ``before`` and leads to ``since`` or later.
    check
        What to show.
    """

    before: tuple[int, int]
    since: tuple[int, int]
    check: UpgradeCheck

    def is_met(self, present: FlinkRuntime, target: FlinkRuntime) -> bool:
        """Return True if an upgrade meets the difference."""
        return present.release < self.before and target.release >= self.since


def _row(
    releases: tuple[tuple[int, int], tuple[int, int]], subject: str, result: CheckResult, text: str, fix: str = ""
) -> DocumentedChange:
    check = UpgradeCheck(subject=subject, result=result, text=text, fix=fix)
    return DocumentedChange(before=releases[0], since=releases[1], check=check)


_NOTE, _REVIEW, _PROBLEM = CheckResult.NOTE, CheckResult.REVIEW, CheckResult.PROBLEM
_MAJOR: Final = ((2, 0), (2, 0))

DOCUMENTED_CHANGES: Final = (
    _row(
        ((1, 8), (1, 18)),
        "state",
        _PROBLEM,
        "MSF does not restore state of Flink 1.6 on Flink 1.18 or later",
        "upgrade to FLINK-1_15 first, then to the newer runtime",
    ),
    _row(
        ((1, 13), (1, 13)),
        "Kinesis consumers with enhanced fan-out",
        _REVIEW,
        "the package name of amazon-kinesis-connector-flink has changed, and with it its state",
        "if the job uses it, convert the snapshot with amazon-kinesis-connector-flink-state-migrator",
    ),
    _row(
        ((1, 15), (1, 15)),
        "Kinesis sinks",
        _REVIEW,
        "a FlinkKinesisProducer without a uid of its operator cannot become a KinesisStreamsSink with its state",
        "keep FlinkKinesisProducer in this upgrade",
    ),
    _row(
        ((1, 15), (1, 15)),
        "Scala",
        _NOTE,
        "Flink 1.15 and later contain no Scala for jobs",
        "put the Scala that the job needs into its jar",
    ),
    _row(
        _MAJOR,
        "state in Kryo's format",
        _REVIEW,
        "Flink 2 has Kryo 5, which cannot read state that Kryo 2 wrote: types that Flink does not know itself",
        "find such types with env.getConfig().disableGenericTypes(), and migrate or drop their state",
    ),
    _row(
        _MAJOR,
        "collections in state",
        _REVIEW,
        "Flink 1 wrote Java collections in POJOs with Kryo, Flink 2 has other serializers for them and cannot read"
        " that state",
        "migrate or drop such state",
    ),
    _row(
        _MAJOR,
        "Kinesis source",
        _REVIEW,
        "Flink 2 cannot read the state of Kinesis connectors before 5.0",
        "move to the connector 5.0 on the present runtime first, see penstock app move-source",
    ),
    _row(
        _MAJOR,
        "removed interfaces",
        _REVIEW,
        "Flink 2 has no DataSet API, no Scala API, no SourceFunction and no SinkFunction",
        "build the job against Flink 2, and pass it with --code",
    ),
    _row(
        _MAJOR,
        "way back",
        _NOTE,
        "state of Flink 2 cannot be restored on Flink 1: a rollback goes back to the snapshot of before the upgrade",
    ),
    _row(
        ((2, 2), (2, 2)),
        "metrics",
        _NOTE,
        "fullRestarts, uptime and downtime are gone from Flink 2.2 on",
        "let alarms and dashboards use numRestarts, runningTime and restartingTime",
    ),
    _row(
        ((1, 20), (1, 20)),
        "customer managed key",
        _NOTE,
        "the new runtime takes one, the present one does not",
        "if you want one, enable it after the upgrade, in a separate step: penstock key enable",
    ),
)


def documented_checks(present: FlinkRuntime, target: FlinkRuntime) -> Iterator[UpgradeCheck]:
    """Yield what the documentation says of an upgrade between two runtimes."""
    yield from (each.check for each in DOCUMENTED_CHANGES if each.is_met(present, target))
