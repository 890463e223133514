"""The levels of detail at which MSF sends metrics to CloudWatch."""

from __future__ import annotations

from enum import StrEnum


class MetricsLevel(StrEnum):
    """The detail of CloudWatch metrics; each level multiplies their number and their price."""

    APPLICATION = "APPLICATION"
    TASK = "TASK"
    OPERATOR = "OPERATOR"
    PARALLELISM = "PARALLELISM"
