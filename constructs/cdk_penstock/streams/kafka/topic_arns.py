"""ARNs and actions of IAM access control on MSK.

Source: MSK, "Semantics of IAM authorization policy actions and resources".
"""

from __future__ import annotations

from typing import Final

from aws_cdk import Fn, Token

from cdk_penstock.foundation.references import splittable

CONNECT_ACTIONS: Final = ("kafka-cluster:Connect", "kafka-cluster:DescribeCluster")
IDEMPOTENT_WRITE_ACTIONS: Final = ("kafka-cluster:WriteDataIdempotently",)
"""Actions on the cluster; Kafka's producers are idempotent by default."""
READ_ACTIONS: Final = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")
WRITE_ACTIONS: Final = ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData")
GROUP_ACTIONS: Final = ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")
TRANSACTION_ACTIONS: Final = ("kafka-cluster:AlterTransactionalId", "kafka-cluster:DescribeTransactionalId")


def resource_arn(cluster_arn: str, kind: str, name: str) -> str:
    """Return the ARN of a ``topic``, ``group`` or ``transactional-id`` of the cluster."""
    if Token.is_unresolved(cluster_arn):
        parts = Fn.split(":cluster/", splittable(cluster_arn))
        return f"{Fn.select(0, parts)}:{kind}/{Fn.select(1, parts)}/{name}"
    return f"{cluster_arn.replace(':cluster/', f':{kind}/', 1)}/{name}"
