"""The move of a job from the legacy FlinkKinesisConsumer to the KinesisStreamsSource, as two changes.

The new source cannot read the state of the old one. So it begins at a time just before the deployment, which the job
reads from its property groups, and the state of the old source is left out: some records are read twice. Then the
properties are put back, because the new source has its own state from its first snapshot on. Source:
https://aws.amazon.com/blogs/big-data/introducing-the-new-amazon-kinesis-source-connector-for-apache-flink/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.planning import Change, Restore
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.deployment import Revision
    from cdk_penstock.model.lifecycle.planning import DescribedSettings, Observation, VersionFacts

POSITION_KEY: Final = "source.init.position"
TIMESTAMP_KEY: Final = "source.init.timestamp"
"""The options of the KinesisStreamsSource, under which many jobs read them from a property group."""
_AT_TIMESTAMP: Final = "AT_TIMESTAMP"


class MoveStage(Enum):
    """The stage of a move."""

    BEGIN = "the job has its old source"
    MOVED = "the job has its new source, and the properties of the move"
    DONE = "the job has its new source, and its usual properties"


@dataclass(frozen=True, kw_only=True)
class SourceMove:
    """A move, from the code with the old source to that with the new one.

    Parameters
    ----------
    revision
        The code with the new source.
    group
        The property group from which the job reads where the source begins.
    position_key, timestamp_key
        The keys in the group. Default: those of the connector.
    keeps_state
        True if the operators of the job have uids, and that of the source has changed: all other state is kept. False
        for SQL and the Table API, and where operators have no uids: the job then begins without state. Default: True.
    margin
        The time from where the new source begins until the deployment, or until the snapshot of a stopped application.
        It must be longer than the job is behind its source, or records are lost; the records of this time are read
        twice. Default: 5 minutes.
    """

    revision: Revision
    group: str
    position_key: str = POSITION_KEY
    timestamp_key: str = TIMESTAMP_KEY
    keeps_state: bool = True
    margin: timedelta = timedelta(minutes=5)

    def stage(self, seen: Observation) -> MoveStage:
        """Return the stage of the move; a change that was undone leaves it at its beginning."""
        if not self._has_code(seen.present):
            return MoveStage.BEGIN
        return MoveStage.MOVED if self._timestamp(seen.present) is not None else MoveStage.DONE

    def change(self, seen: Observation, *, again: bool = False) -> Change:
        """Return the change to the new source.

        One that was made, or made and undone, is returned as it was, so that an interrupted move goes on; with
        ``again``, one that was undone gets the present time.
        """
        made = [] if again and not self._has_code(seen.present) else list(self._made(seen))
        timestamp = made[0] if made else _shown(_saved_at(seen) - self.margin)
        properties = {self.position_key: _AT_TIMESTAMP, self.timestamp_key: timestamp}
        return Change(revision=self.revision, properties={self.group: properties})

    @property
    def restore(self) -> Restore:
        """The state from which the new source is started."""
        return Restore.latest().leaving_out_state() if self.keeps_state else Restore.nothing()

    def change_back(self, seen: Observation) -> Change:
        """Return the change that puts the properties back, to what they were before the move."""
        before = self._before(seen)
        usual = {} if before is None else before.settings.property_groups.get(self.group, {})
        properties = {key: usual.get(key) for key in (self.position_key, self.timestamp_key)}
        return Change(properties={self.group: properties})

    def _made(self, seen: Observation) -> Iterator[str]:
        """Yield the times of changes that were made to this code, the newest first."""
        for each in sorted(seen.versions, key=lambda version: version.version_id, reverse=True):
            timestamp = self._timestamp(each)
            if self._has_code(each) and timestamp is not None:
                yield timestamp

    def _before(self, seen: Observation) -> VersionFacts | None:
        """Return the newest version with other code."""
        others = [each for each in seen.versions if not self._has_code(each)]
        return max(others, key=lambda each: each.version_id, default=None)

    def _has_code(self, version: VersionFacts) -> bool:
        return self.revision.is_met_by(version.settings.revision)

    def _timestamp(self, version: VersionFacts) -> str | None:
        """Return the time at which the source of a version begins, None if it does not begin at a time."""
        entries = _entries(version.settings, self.group)
        return entries.get(self.timestamp_key) if entries.get(self.position_key) == _AT_TIMESTAMP else None


def _entries(settings: DescribedSettings, group: str) -> dict[str, str]:
    return settings.property_groups.get(group, {})


def _saved_at(seen: Observation) -> datetime:
    """Return the time of the state that the new source follows: now, or when a stopped job was saved."""
    saved = [each.created_at for each in seen.snapshots if each.status is SnapshotStatus.READY]
    return max(saved, default=seen.now) if seen.is_at_rest else seen.now


def _shown(moment: datetime) -> str:
    """Return a moment in the connector's default format, ``yyyy-MM-dd'T'HH:mm:ss.SSSXXX``."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
