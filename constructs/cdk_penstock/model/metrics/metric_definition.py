"""The definition of one metric of CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.metrics.metrics_level import MetricsLevel

if TYPE_CHECKING:
    from cdk_penstock.model.runtimes import FlinkRuntime

ALL_LEVELS: Final = frozenset(MetricsLevel)


class MetricKind(Enum):
    """The way in which a metric's values follow each other."""

    GAUGE = "gauge"
    """A value of now."""
    CUMULATIVE_COUNTER = "cumulative counter"
    """A count since the job was started, which begins again at 0 with the next start: read its growth."""
    COUNT = "count"
    """The events of a period: read their sum."""
    RATE = "rate"
    """A value per second."""


class MissingData(Enum):
    """The meaning of a period without a sample."""

    NOT_RUNNING = "the application does not run, or has just started"
    NO_EVENT = "nothing happened"
    NOT_MEASURED = "what writes the metric does not run"


@dataclass(frozen=True, kw_only=True)
class MetricDefinition:
    """One metric: its name, and how it is to be read.

    Parameters
    ----------
    name
        Name in CloudWatch, on a runtime before Flink 2.2 if the names differ.
    meaning
        One sentence.
    namespace
        Namespace in CloudWatch.
    unit
        Unit in CloudWatch's words.
    kind
        The way in which values follow each other.
    statistic
        The statistic that shows the problem.
    missing
        The meaning of a period without a sample.
    page
        The AWS page that documents it.
    names_from_2_2
        The names that take its place on runtimes from Flink 2.2 on. Default: the same name.
    levels
        The metrics levels at which MSF sends it. Default: all.
    dimensions
        The names of its dimensions at the level APPLICATION, or at the only level it has.
    """

    name: str
    meaning: str
    namespace: str
    unit: str
    kind: MetricKind
    statistic: str
    missing: MissingData
    page: str
    names_from_2_2: tuple[str, ...] | None = None
    levels: frozenset[MetricsLevel] = ALL_LEVELS
    dimensions: tuple[str, ...] = ("Application",)

    def names_on(self, runtime: FlinkRuntime) -> tuple[str, ...]:
        """Return the names of the metric on a runtime, of which the sum counts if there are several."""
        if self.names_from_2_2 is not None and runtime.renames_job_metrics:
            return self.names_from_2_2
        return (self.name,)

    def is_sent_at(self, level: MetricsLevel) -> bool:
        """Return True if an application with this metrics level sends the metric."""
        return level in self.levels

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names on all runtimes."""
        return (self.name, *(self.names_from_2_2 or ()))
