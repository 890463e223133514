"""The state that a start begins with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from cdk_penstock.model.lifecycle.snapshots import enhanced_arn

_LATEST: Final = "RESTORE_FROM_LATEST_SNAPSHOT"
_CUSTOM: Final = "RESTORE_FROM_CUSTOM_SNAPSHOT"
_NOTHING: Final = "SKIP_RESTORE_FROM_SNAPSHOT"


@dataclass(frozen=True, kw_only=True)
class Restore:
    """MSF's ApplicationRestoreConfiguration.

    Source: https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_ApplicationRestoreConfiguration.html
    """

    restore_type: str
    snapshot_name: str | None = None
    allow_non_restored_state: bool = False

    @classmethod
    def latest(cls) -> Self:
        """Return the newest snapshot; the first start of an application has none and begins empty."""
        return cls(restore_type=_LATEST)

    @classmethod
    def nothing(cls) -> Self:
        """Return an empty state: what snapshots hold is not used."""
        return cls(restore_type=_NOTHING)

    @classmethod
    def snapshot(cls, name: str) -> Self:
        """Return a snapshot by its name."""
        return cls(restore_type=_CUSTOM, snapshot_name=name)

    @property
    def is_latest(self) -> bool:
        """True if the newest snapshot is restored."""
        return self.restore_type == _LATEST

    def leaving_out_state(self) -> Self:
        """Return it with state left out that no operator of the job takes."""
        return replace(self, allow_non_restored_state=True)

    def to_run_configuration(self, *, enhanced_of: str | None = None) -> dict[str, Any]:
        """Return the RunConfiguration of StartApplication; the update of a running application has the same form.

        ``enhanced_of`` is the ARN of an application with enhanced snapshots, which are named by their ARN.
        """
        restore = {"ApplicationRestoreType": self.restore_type}
        if self.snapshot_name is not None and enhanced_of is not None:
            restore["SnapshotArn"] = enhanced_arn(enhanced_of, self.snapshot_name)
        elif self.snapshot_name is not None:
            restore["SnapshotName"] = self.snapshot_name
        return {
            "ApplicationRestoreConfiguration": restore,
            "FlinkRunConfiguration": {"AllowNonRestoredState": self.allow_non_restored_state},
        }

    def __str__(self) -> str:
        text = {_LATEST: "its latest snapshot", _NOTHING: "an empty state"}.get(
            self.restore_type, f"snapshot {self.snapshot_name}"
        )
        return f"{text}, leaving out state that no operator takes" if self.allow_non_restored_state else text
