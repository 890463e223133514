"""The CloudWatch metrics of an MSF application: name, statistic and unit (managed-flink, metrics-dimensions)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Statistic(Enum):
    """Function that makes one figure of the samples of one period."""

    AVERAGE = "Average"
    MAXIMUM = "Maximum"
    SUM = "Sum"


@dataclass(frozen=True, kw_only=True)
class ApplicationMetric:
    """A metric of level Application, and the statistic under which AWS's recommended alarms read it."""

    name: str
    statistic: Statistic
    unit: str


KPUS: Final = ApplicationMetric(name="KPUs", statistic=Statistic.MAXIMUM, unit="KPUs, one sample an hour")
CPU_UTILIZATION: Final = ApplicationMetric(name="cpuUtilization", statistic=Statistic.MAXIMUM, unit="percent")
CONTAINER_CPU_UTILIZATION: Final = ApplicationMetric(
    name="containerCPUUtilization", statistic=Statistic.MAXIMUM, unit="percent"
)
CONTAINER_MEMORY_UTILIZATION: Final = ApplicationMetric(
    name="containerMemoryUtilization", statistic=Statistic.MAXIMUM, unit="percent"
)
HEAP_MEMORY_UTILIZATION: Final = ApplicationMetric(
    name="heapMemoryUtilization", statistic=Statistic.MAXIMUM, unit="percent"
)
OLD_GENERATION_GC_TIME: Final = ApplicationMetric(
    name="oldGenerationGCTime", statistic=Statistic.MAXIMUM, unit="milliseconds"
)
THREADS: Final = ApplicationMetric(name="threadsCount", statistic=Statistic.MAXIMUM, unit="threads")
LAST_CHECKPOINT_DURATION: Final = ApplicationMetric(
    name="lastCheckpointDuration", statistic=Statistic.MAXIMUM, unit="milliseconds"
)
LAST_CHECKPOINT_SIZE: Final = ApplicationMetric(name="lastCheckpointSize", statistic=Statistic.MAXIMUM, unit="bytes")
FAILED_CHECKPOINTS: Final = ApplicationMetric(
    name="numberOfFailedCheckpoints", statistic=Statistic.AVERAGE, unit="checkpoints since the job started"
)
RECORDS_IN_PER_SECOND: Final = ApplicationMetric(
    name="numRecordsInPerSecond", statistic=Statistic.AVERAGE, unit="records per second"
)
RECORDS_OUT_PER_SECOND: Final = ApplicationMetric(
    name="numRecordsOutPerSecond", statistic=Statistic.AVERAGE, unit="records per second"
)
LATE_RECORDS_DROPPED: Final = ApplicationMetric(
    name="numLateRecordsDropped", statistic=Statistic.MAXIMUM, unit="records"
)
KINESIS_LAG: Final = ApplicationMetric(name="millisBehindLatest", statistic=Statistic.MAXIMUM, unit="milliseconds")
KAFKA_LAG: Final = ApplicationMetric(name="records_lag_max", statistic=Statistic.MAXIMUM, unit="records")
