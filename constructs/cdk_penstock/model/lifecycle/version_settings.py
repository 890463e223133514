"""The settings of an application version: what an update changes, and a rollback restores.

The configuration is a document in the form in which MSF describes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyAssignment

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a version fixes: the part of an application that an update changes and a rollback restores.

    Parameters
    ----------
    runtime, role_arn
        As configured.
    configuration
        ApplicationConfigurationDescription, without what only a running job has.
    logging_options
        CloudWatchLoggingOptionDescriptions.
    code
        Path of the version's own copy of the code; empty if it has none.
    """

    runtime: str
    role_arn: str
    configuration: Document
    logging_options: tuple[Document, ...] = ()
    code: str = ""

    @property
    def encryption(self) -> KeyAssignment:
        """The configured key."""
        block = self.configuration.get("ApplicationEncryptionConfigurationDescription", {})
        key_id = block.get("KeyId")
        return KeyAssignment.customer_managed(key_id) if key_id else AWS_OWNED

    @property
    def snapshots_enabled(self) -> bool:
        """True if stop and update take a snapshot."""
        return bool(self.configuration["ApplicationSnapshotConfigurationDescription"]["SnapshotsEnabled"])

    @property
    def has_enhanced_snapshots(self) -> bool:
        """True if snapshots belong to the account, and not to the application."""
        block = self.configuration["ApplicationSnapshotConfigurationDescription"]
        return bool(block.get("SnapshotMode") == "ENHANCED_SNAPSHOTS")

    @property
    def rollback_enabled(self) -> bool:
        """True if MSF rolls back an update that fails."""
        block = self.configuration["ApplicationSystemRollbackConfigurationDescription"]
        return bool(block["RollbackEnabled"])

    @property
    def flink(self) -> Document:
        """FlinkApplicationConfigurationDescription."""
        block: Document = self.configuration["FlinkApplicationConfigurationDescription"]
        return block

    @property
    def parallelism(self) -> int:
        """The configured parallelism, from which autoscaling departs."""
        return int(self.flink["ParallelismConfigurationDescription"]["Parallelism"])

    @property
    def parallelism_per_kpu(self) -> int:
        """Parallel tasks that share a KPU."""
        return int(self.flink["ParallelismConfigurationDescription"]["ParallelismPerKPU"])
