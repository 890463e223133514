"""The ways to tell people of an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_penstock.observability.alarms.alarm_topic import AlarmTopic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_sns as sns
    from constructs import Construct


@runtime_checkable
class IAlarmNotification(Protocol):
    """A way to tell people of an alarm."""

    def bind(self, scope: Construct) -> Sequence[cloudwatch.IAlarmAction]:
        """Return the actions of alarms below the scope, with the resources that they need."""


class AlarmNotification:
    """Ways to tell people of an alarm, created by the static factories."""

    def __init__(self, bind: Callable[[Construct], Sequence[cloudwatch.IAlarmAction]]) -> None:
        self._bind = bind

    def bind(self, scope: Construct) -> Sequence[cloudwatch.IAlarmAction]:
        """Return the actions of alarms below the scope, with the resources that they need."""
        return self._bind(scope)

    @staticmethod
    def topic(topic: sns.ITopic) -> AlarmNotification:
        """Notify a topic of the alarm's Region; if it has a customer managed key, CloudWatch must be able to use it."""
        return AlarmNotification(lambda _scope: [SnsAction(topic)])

    @staticmethod
    def new_topic(*, email: str | None = None) -> AlarmNotification:
        """Make an encrypted topic that takes messages of this account's alarms only.

        Parameters
        ----------
        email
            An address to subscribe; its owner has to confirm. Default: no subscription.
        """
        return AlarmNotification(lambda scope: [SnsAction(AlarmTopic(scope, "Topic", email=email).topic)])
