"""The alarm on how many KPUs an application takes, which is what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.foundation.runbooks import runbook

if TYPE_CHECKING:
    from cdk_penstock.application.flink_application_base import FlinkApplicationBase
    from cdk_penstock.model.autoscaling import Autoscaling
    from cdk_penstock.model.sizing import Sizing


def build_kpu_alarm(
    application: FlinkApplicationBase,
    construct_id: str,
    *,
    sizing: Sizing,
    autoscaling: Autoscaling | None,
    scaled: Sizing | None = None,
) -> cloudwatch.Alarm:
    """Add the alarm: above the KPUs of the template, or where scaling has come to its end.

    Parameters
    ----------
    sizing
        The size of the template.
    autoscaling
        MSF's automatic scaling, None without it.
    scaled
        The largest size that anybody else scales the application to; None if nobody does.
    """
    name = application.application_name
    if scaled is not None:
        threshold = scaled.billed_kpus
        description = (
            f"{name} takes more KPUs than the {threshold} of parallelism {scaled.parallelism}, the largest that it is"
            " scaled to, one for orchestration included: somebody scaled it by hand, and deployments keep that"
        )
    elif autoscaling is None:
        threshold = sizing.billed_kpus
        description = (
            f"{name} takes more KPUs than the {threshold} of its template, one for orchestration included: somebody"
            " scaled it by hand, and the next deployment takes that back"
        )
    else:
        threshold = autoscaling.most_billed_kpus - 1
        description = (
            f"{name} has reached the {threshold + 1} KPUs where its autoscaling ends, one for orchestration included:"
            " it costs the most that it can, and more load becomes lag. Look for what loads it; if that stays, raise"
            " the parallelism"
        )
    return cloudwatch.Alarm(
        application,
        construct_id,
        alarm_description=f"{description}. {runbook(application, 'kpus')}",
        # MSF reports them once an hour.
        metric=application.metric_kpus(period=Duration.hours(1)),
        threshold=threshold,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        # An application that is stopped has no metrics.
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
