"""Metric alarms, read from the properties of ``AWS::CloudWatch::Alarm``.

Source: AWS CloudFormation, AWS::CloudWatch::Alarm; AmazonCloudWatch, alarm-evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError
from cdk_penstock.model.alarm_evaluation.datapoint_rules import EXTRA_DATA_POINTS, MissingDataTreatment, state_of
from cdk_penstock.model.alarm_evaluation.math_functions import Periods
from cdk_penstock.model.alarm_evaluation.math_syntax import Reference, parse_expression
from cdk_penstock.model.alarm_evaluation.math_values import Series
from cdk_penstock.model.alarm_evaluation.metric_math import MathScope
from cdk_penstock.model.alarm_evaluation.metric_samples import Metric, reduction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
    from cdk_penstock.model.alarm_evaluation.math_syntax import Expression
    from cdk_penstock.model.alarm_evaluation.metric_samples import MetricHistory

_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ge,
    "GreaterThanThreshold": gt,
    "LessThanOrEqualToThreshold": le,
    "LessThanThreshold": lt,
}


@dataclass(frozen=True)
class WatchedMetric:
    """A metric with the statistic that an alarm reads."""

    metric: Metric
    statistic: str


@dataclass(frozen=True, kw_only=True)
class MetricAlarm:
    """An alarm on one metric, or on an expression of several."""

    metrics: Mapping[str, WatchedMetric]
    expressions: Mapping[str, Expression]
    result: Expression
    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    treatment: MissingDataTreatment = MissingDataTreatment.MISSING
    has_actions: bool = False

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> MetricAlarm:
        """Return the alarm of a template's properties, without intrinsic functions.

        Raises
        ------
            AlarmEvaluationError: if the alarm uses what cannot be evaluated here.
        """
        comparison = str(properties["ComparisonOperator"])
        if comparison not in _COMPARISONS or "ThresholdMetricId" in properties:
            raise AlarmEvaluationError(
                f"an alarm with {comparison} watches the band of an anomaly detector, which cannot be evaluated here:"
                f" compare with a number, by one of {', '.join(_COMPARISONS)}"
            )
        if properties.get("EvaluateLowSampleCountPercentile") == "ignore":
            raise AlarmEvaluationError(
                "EvaluateLowSampleCountPercentile 'ignore' cannot be evaluated here: leave it out, or use 'evaluate'"
            )
        queries = _queries(properties)
        metrics = {str(each["Id"]): each["MetricStat"] for each in queries if "MetricStat" in each}
        expressions = {
            str(each["Id"]): parse_expression(str(each["Expression"])) for each in queries if "Expression" in each
        }
        periods = {int(each["Period"]) for each in metrics.values()}
        if len(periods) != 1:
            raise AlarmEvaluationError(f"the metrics of an alarm have one period, got {sorted(periods)} seconds")
        returned = [str(each["Id"]) for each in queries if each.get("ReturnData", True)]
        if len(returned) != 1:
            raise AlarmEvaluationError(f"one metric or expression of an alarm has ReturnData true, got {returned}")
        evaluation_periods = int(properties["EvaluationPeriods"])
        return cls(
            metrics={name: WatchedMetric(_metric(each["Metric"]), str(each["Stat"])) for name, each in metrics.items()},
            expressions=expressions,
            result=Reference(returned[0]),
            period_seconds=periods.pop(),
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=int(properties.get("DatapointsToAlarm", evaluation_periods)),
            threshold=float(properties["Threshold"]),
            comparison=comparison,
            treatment=MissingDataTreatment(properties.get("TreatMissingData", "missing")),
            has_actions=bool(properties.get("AlarmActions")) and properties.get("ActionsEnabled", True) is True,
        )

    def __post_init__(self) -> None:
        for each in self.metrics.values():
            reduction(each.statistic)
        if not 1 <= self.datapoints_to_alarm <= self.evaluation_periods:
            raise AlarmEvaluationError(
                f"DatapointsToAlarm is from 1 to EvaluationPeriods ({self.evaluation_periods}),"
                f" got {self.datapoints_to_alarm}"
            )

    def data_points(self, history: MetricHistory, *, now_seconds: int) -> Sequence[float | None]:
        """Return the data points of the evaluation range, the oldest first.

        The periods end now, not at full minutes of the clock: an alarm is evaluated each minute whatever its period.
        """
        count = self.evaluation_periods + EXTRA_DATA_POINTS
        begins = tuple(now_seconds - self.period_seconds * (count - index) for index in range(count))
        series = {
            name: Series(
                tuple(
                    history.statistic(
                        each.metric, each.statistic, begin_seconds=begin, end_seconds=begin + self.period_seconds
                    )
                    for begin in begins
                )
            )
            for name, each in self.metrics.items()
        }
        scope = MathScope(Periods(begins, self.period_seconds), series, self.expressions)
        return scope.series(self.result).values

    def state(self, history: MetricHistory, *, now_seconds: int, before: AlarmState) -> AlarmState:
        """Return the state after the evaluation at a time."""
        breaches = _COMPARISONS[self.comparison]
        return state_of(
            [
                None if value is None else breaches(value, self.threshold)
                for value in self.data_points(history, now_seconds=now_seconds)
            ],
            evaluation_periods=self.evaluation_periods,
            datapoints_to_alarm=self.datapoints_to_alarm,
            treatment=self.treatment,
            before=before,
        )


def _queries(properties: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "Metrics" in properties:
        return list(properties["Metrics"])
    if "MetricName" not in properties:
        raise AlarmEvaluationError("an alarm has MetricName or Metrics, got neither")
    metric = {name: properties[name] for name in ("Namespace", "MetricName", "Dimensions") if name in properties}
    statistic = properties.get("Statistic") or properties.get("ExtendedStatistic")
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Stat": statistic, "Period": properties["Period"]}}]


def _metric(properties: Mapping[str, Any]) -> Metric:
    dimensions = frozenset((str(each["Name"]), str(each["Value"])) for each in properties.get("Dimensions", ()))
    return Metric(str(properties["Namespace"]), str(properties["MetricName"]), dimensions)
