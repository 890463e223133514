"""Storage of brokers that grows."""

from __future__ import annotations

from typing import Final

from aws_cdk.aws_applicationautoscaling import CfnScalableTarget, CfnScalingPolicy
from constructs import Construct

from penstock.streams.errors import StreamError

__all__ = ("StorageGrowth", "largest_storage")

_TARGET_PERCENT: Final = 60
_MIN_GIB, _MAX_GIB, _GROWTH = 1, 16_384, 10


def largest_storage(initial_gib: int, largest_gib: int | None) -> int:
    """Return the GiB that a broker's storage grows to, by default ten times what it begins with.

    Raises StreamError for what is beyond the limits of MSK, and for storage that would have to shrink.
    """
    largest = min(_GROWTH * initial_gib, _MAX_GIB) if largest_gib is None else largest_gib
    if not _MIN_GIB <= initial_gib <= largest <= _MAX_GIB:
        message = (
            f"a broker has {_MIN_GIB} to {_MAX_GIB} GiB, and grows from storage_gib_per_broker to"
            f" max_storage_gib_per_broker, got {initial_gib} and {largest}"
        )
        raise StreamError(message)
    return largest


class StorageGrowth(Construct):
    """Application Auto Scaling for the storage of each broker, which grows when 60 % full and never shrinks.

    MSK grows it at most once in six hours, by 10 % or 10 GiB, whichever is more (MSK, "Automatic scaling").
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, cluster_arn: str, cluster_name: str, max_gib_per_broker: int
    ) -> None:
        super().__init__(scope, construct_id)
        target = CfnScalableTarget(
            self,
            "Target",
            service_namespace="kafka",
            scalable_dimension="kafka:broker-storage:VolumeSize",
            resource_id=cluster_arn,
            min_capacity=1,
            max_capacity=max_gib_per_broker,
        )
        CfnScalingPolicy(
            self,
            "Policy",
            policy_name=f"{cluster_name}-storage",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=_TARGET_PERCENT,
                disable_scale_in=True,
                predefined_metric_specification=CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="KafkaBrokerStorageUtilization"
                ),
            ),
        )
