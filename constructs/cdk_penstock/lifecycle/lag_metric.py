"""The metric that says how far a job is behind its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration

from cdk_penstock.lifecycle.scaling_error import ScalingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import aws_cloudwatch as cloudwatch

    from cdk_penstock.application import FlinkApplication

_BEHIND_MINUTES: Final = 1
_BEHIND_RECORDS: Final = 10_000
PERIOD: Final = Duration.minutes(1)
_CAUGHT_UP: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class LagMetric:
    """A metric, and the value above which a job is behind; created by the static factories.

    A job whose lag is at most a tenth of that value has nothing to catch up with.
    """

    build: Callable[[FlinkApplication], cloudwatch.IMetric]
    above: float

    def __post_init__(self) -> None:
        """Refuse a value that is always, or never, exceeded."""
        if self.above <= 0:
            raise ScalingError(f"the lag above which a job is scaled must be more than 0, got {self.above:g}")

    @property
    def caught_up(self) -> float:
        """The lag up to which a job has nothing to catch up with."""
        return self.above * _CAUGHT_UP

    @staticmethod
    def kinesis(*, stream_name: str, behind: Duration | None = None) -> LagMetric:
        """Use ``millisBehindLatest``, how old the records of a Kinesis stream are that the job reads.

        Parameters
        ----------
        stream_name
            Name of the stream.
        behind
            How far the job may be behind. Default: one minute.
        """
        allowed = Duration.minutes(_BEHIND_MINUTES) if behind is None else behind
        return LagMetric(
            build=lambda application: application.metric_kinesis_lag(stream_name=stream_name, period=PERIOD),
            above=allowed.to_milliseconds(),
        )

    @staticmethod
    def kafka(*, records: int = _BEHIND_RECORDS) -> LagMetric:
        """Use ``records_lag_max``, how many records of its worst Kafka partition the job has not read.

        Parameters
        ----------
        records
            How many they may be: what the job reads of a partition in a minute is a good choice. Default: 10,000.
        """
        return LagMetric(build=lambda application: application.metric_kafka_lag(period=PERIOD), above=records)

    @staticmethod
    def of(metric: cloudwatch.IMetric, *, above: float) -> LagMetric:
        """Use a metric of your own, such as one that the job itself reports.

        Parameters
        ----------
        metric
            The metric, with a period of one minute and the statistic that counts.
        above
            The value above which the job is behind.
        """
        return LagMetric(build=lambda _application: metric, above=above)
