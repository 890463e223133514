"""Statuses of applications, operations and snapshots, as MSF names them.

Source: https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_ApplicationDetail.html and its neighbours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ApplicationStatus(StrEnum):
    """The status of an application, as MSF names it."""

    DELETING = "DELETING"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    READY = "READY"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    AUTOSCALING = "AUTOSCALING"
    FORCE_STOPPING = "FORCE_STOPPING"
    ROLLING_BACK = "ROLLING_BACK"
    MAINTENANCE = "MAINTENANCE"
    ROLLED_BACK = "ROLLED_BACK"


STEADY_STATUSES: Final = frozenset({ApplicationStatus.READY, ApplicationStatus.RUNNING, ApplicationStatus.ROLLED_BACK})
"""Statuses that last until somebody acts. ROLLED_BACK is documented for versions, and by some for applications."""


class SnapshotStatus(StrEnum):
    """The status of a snapshot, as MSF names it."""

    CREATING = "CREATING"
    READY = "READY"
    DELETING = "DELETING"
    FAILED = "FAILED"


class OperationStatus(StrEnum):
    """The status of an operation, as MSF names it."""

    IN_PROGRESS = "IN_PROGRESS"
    CANCELLED = "CANCELLED"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
