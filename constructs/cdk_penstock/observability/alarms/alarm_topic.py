"""A topic for the messages of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
PROMETHEUS: Final = "aps.amazonaws.com"
"""Service principal of Managed Service for Prometheus, whose alert manager notifies topics."""


class AlarmTopic(Construct):
    """An encrypted topic that takes messages of this account's alarms only.

    CloudWatch cannot use the key that AWS manages for SNS (CloudWatch, "Notify users on alarm changes"), so the topic
    has a customer managed key. SNS keeps no message, so key and topic go with their stack.

    Parameters
    ----------
    topic_name
        Name of the topic. Default: CloudFormation makes one.
    email
        An address to subscribe; its owner has to confirm. Default: no subscription.
    other_services
        Service principals that publish, too, such as ``aps.amazonaws.com`` for alerts of Managed Prometheus. Default:
        CloudWatch only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic_name: str | None = None,
        email: str | None = None,
        other_services: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Key",
            description=f"Alarm topic of {scope.node.path}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(self, "Resource", topic_name=topic_name, master_key=key, enforce_ssl=True)
        """The topic, for more subscriptions."""
        for name in (_CLOUDWATCH, *other_services):
            conditions = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            service = iam.ServicePrincipal(name, conditions=conditions)
            key.grant(service, "kms:Decrypt", "kms:GenerateDataKey*")
            self.topic.grant_publish(service)
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
