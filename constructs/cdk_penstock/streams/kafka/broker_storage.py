"""Storage of brokers: its growth, the check against what the topics keep, and the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_applicationautoscaling import CfnScalableTarget, CfnScalingPolicy
from constructs import Construct, IValidation

from cdk_penstock.foundation.runbooks import runbook
from cdk_penstock.model.kafka_rules import KafkaError
from cdk_penstock.model.kafka_storage import EXPANSION_TARGET_PERCENT, MAX_STORAGE_GIB
from cdk_penstock.streams.errors import StreamError

if TYPE_CHECKING:
    from cdk_penstock.model.kafka_storage import BrokerStorage, PlannedTopic
    from cdk_penstock.streams.kafka.broker_options import BrokerInstance
    from cdk_penstock.streams.kafka.cluster_base import KafkaClusterBase

_MIN_GIB, _GROWTH = 1, 10
_MAX_METRICS: Final = 10
"""Limit of one alarm (CloudWatch, "Limits that apply to alarms based on metric math expressions")."""
_PERIOD: Final = Duration.minutes(5)


def refuse_express_brokers(instance: BrokerInstance) -> None:
    """Raise StreamError for a type of Express brokers: AWS manages their storage, and MSK refuses a size for it."""
    if instance.instance_type.startswith("express."):
        raise StreamError(
            f"a ProvisionedKafkaCluster has Standard brokers with storage, got {instance.instance_type!r}: use a type"
            " such as 'kafka.m7g.large', or import a cluster of Express brokers with from_cluster_arn"
        )


def largest_storage(initial_gib: int, largest_gib: int | None) -> int:
    """Return the GiB that a broker's storage may grow to, by default ten times its initial size.

    Raises StreamError for a size beyond MSK's limits, and for one below the initial size.
    """
    largest = min(_GROWTH * initial_gib, MAX_STORAGE_GIB) if largest_gib is None else largest_gib
    if not _MIN_GIB <= initial_gib <= largest <= MAX_STORAGE_GIB:
        raise StreamError(
            f"a broker has {_MIN_GIB} to {MAX_STORAGE_GIB} GiB, and grows from storage_gib_per_broker to"
            f" max_storage_gib_per_broker, got {initial_gib} and {largest}"
        )
    return largest


class StorageGrowth(Construct):
    """Application Auto Scaling for the storage of the brokers, which grows when it is 60 % full and never shrinks.

    MSK grows it at most once in six hours, by 10 % or 10 GiB, whichever is more (MSK, "Automatic scaling").
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, cluster: KafkaClusterBase, max_gib_per_broker: int
    ) -> None:
        super().__init__(scope, construct_id)
        target = CfnScalableTarget(
            self,
            "Target",
            service_namespace="kafka",
            scalable_dimension="kafka:broker-storage:VolumeSize",
            resource_id=cluster.cluster_arn,
            min_capacity=1,
            max_capacity=max_gib_per_broker,
        )
        CfnScalingPolicy(
            self,
            "Policy",
            policy_name=f"{cluster.cluster_name}-storage",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=EXPANSION_TARGET_PERCENT,
                disable_scale_in=True,
                predefined_metric_specification=CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="KafkaBrokerStorageUtilization"
                ),
            ),
        )


@jsii.implements(IValidation)
class StoragePlan:
    """Validation, at synthesis, that the storage holds what all topics together keep."""

    def __init__(self, storage: BrokerStorage) -> None:
        self._storage = storage
        self._topics: list[PlannedTopic] = []

    def add(self, topic: PlannedTopic) -> None:
        """Add a topic with its load."""
        self._topics.append(topic)

    def validate(self) -> list[str]:
        """Return what is wrong."""
        try:
            self._storage.check(self._topics)
        except KafkaError as error:
            return [str(error)]
        return []


def build_disk_alarms(
    cluster: KafkaClusterBase, construct_id: str, *, brokers: int, threshold_percent: int
) -> list[cloudwatch.Alarm]:
    """Add an alarm on the fullest disk of up to ten brokers; from the second on, its id ends with a number.

    Raises StreamError unless the threshold is 1 to 99.
    """
    if not 1 <= threshold_percent < 100:  # noqa: PLR2004 - a percentage
        raise StreamError(f"threshold_percent must be 1 to 99 percent of a disk, got {threshold_percent}")
    ids = range(1, brokers + 1)
    groups = [ids[first : first + _MAX_METRICS] for first in range(0, brokers, _MAX_METRICS)]
    return [
        _build_disk_alarm(cluster, f"{construct_id}{number if number > 1 else ''}", group, threshold_percent)
        for number, group in enumerate(groups, start=1)
    ]


def _build_disk_alarm(
    cluster: KafkaClusterBase, construct_id: str, broker_ids: range, threshold_percent: int
) -> cloudwatch.Alarm:
    metrics = {f"broker{each}": cluster.metric_disk_used(each, period=_PERIOD) for each in broker_ids}
    return cloudwatch.Alarm(
        cluster,
        construct_id,
        alarm_description=(
            f"A broker of {cluster.cluster_name} has used {threshold_percent} % of its disk; a full one stops all"
            " writes to its partitions. Raise storage_gib_per_broker above what the brokers have now, and deploy. MSK"
            " refuses that within six hours of its last change: then shorten the retention of the largest topic, which"
            " frees space in minutes. Look for what writes more than planned."
            f" {runbook(cluster, 'broker-disk')}"
        ),
        metric=cloudwatch.MathExpression(
            # Without FILL, a broker that reports nothing could hide the others.
            expression=f"MAX([{', '.join(f'FILL({name}, 0)' for name in metrics)}])",
            using_metrics=dict(metrics),
            label="Fullest disk of a broker",
            period=_PERIOD,
        ),
        threshold=threshold_percent,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=3,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
