"""Expressions of CloudWatch over the growth of metrics.

A counter of a job begins again at 0 with each start, which makes its growth negative: all expressions here then are not
above zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Duration


def growth(metric: cloudwatch.IMetric, period: Duration, *, label: str) -> cloudwatch.MathExpression:
    """Return the growth of a counter from period to period."""
    return cloudwatch.MathExpression(
        expression="DIFF(counter)", using_metrics={"counter": metric}, period=period, label=label
    )


def growth_of_all(metrics: Sequence[cloudwatch.IMetric], period: Duration, *, label: str) -> cloudwatch.MathExpression:
    """Return the growth of several counters together, of which each may appear with its first event only."""
    names = [f"counter{index}" for index in range(len(metrics))]
    total = " + ".join(f"FILL({name}, 0)" for name in names)
    return cloudwatch.MathExpression(
        expression=f"DIFF({total})",
        using_metrics=dict(zip(names, metrics, strict=True)),
        period=period,
        label=label,
    )


def above_and_growing(
    metric: cloudwatch.IMetric, least: float, period: Duration, *, label: str
) -> cloudwatch.MathExpression:
    """Return 1 where the metric is above a value and grows, else 0."""
    return cloudwatch.MathExpression(
        expression=f"IF(value > {least:g} AND DIFF(value) > 0, 1, 0)",
        using_metrics={"value": metric},
        period=period,
        label=label,
    )


def standstill(
    outputs: cloudwatch.IMetric, inputs: cloudwatch.IMetric, work: cloudwatch.IMetric, period: Duration
) -> cloudwatch.MathExpression:
    """Return 1 where there is work and one of two watermarks does not grow, else 0.

    With one silent partition of several, the subtasks of the source that read others go on, but what comes in behind
    them stands still. MSF sends the inputs only for some operators (managed-flink, "Metrics and dimensions").
    """
    stands = "DIFF(outputs) <= 0 OR (FILL(inputs, 0) > 0 AND DIFF(FILL(inputs, 0)) <= 0)"
    return cloudwatch.MathExpression(
        expression=f"IF(work > 0 AND ({stands}), 1, 0)",
        using_metrics={"outputs": outputs, "inputs": inputs, "work": work},
        period=period,
        label="watermark stands still",
    )


def repeated_in_vain(
    written: cloudwatch.IMetric, repeated: cloudwatch.IMetric, period: Duration
) -> cloudwatch.MathExpression:
    """Return 1 where requests are repeated and none succeeds, else 0.

    Both counters begin again when the job restarts, as it does after its last attempt: so any change of the repeated
    ones counts, not only growth. Their average changes with each attempt, which the maximum of two periods may hide.
    """
    return cloudwatch.MathExpression(
        expression="IF(DIFF(written) <= 0 AND DIFF(repeated) != 0, 1, 0)",
        using_metrics={"written": written, "repeated": repeated},
        period=period,
        label="repeated in vain",
    )


def percentage(part: cloudwatch.IMetric, rest: cloudwatch.IMetric, period: Duration) -> cloudwatch.MathExpression:
    """Return the part's percentage of part and rest together."""
    return cloudwatch.MathExpression(
        expression="100 * FILL(part, 0) / (FILL(part, 0) + rest)",
        using_metrics={"part": part, "rest": rest},
        period=period,
        label="throttled percent",
    )
