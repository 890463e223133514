"""Services that are only read: CloudFormation, EC2 and Kafka, from what the templates have made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.world.play_clocks import BEGIN
from cdk_penstock.rehearsal.world.service_answers import NotModelledError, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.service_answers import CallScope
    from cdk_penstock.rehearsal.world.world import World

_BROKERS = 3


class _ReadAnswers(ABC):
    """A service that reads the world.

    Parameters
    ----------
    world
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, operation: str, parameters: Mapping[str, Any], actor: Actor, scope: CallScope) -> Mapping[str, Any]:  # noqa: ARG002
        """Carry out an operation; raise ServiceRefusedError for one that is not modelled."""
        answer = self._answer(operation, parameters, scope)
        if answer is None:
            raise NotModelledError("NotModelledByTheRehearsal", f"{operation} is not modelled by the rehearsal")
        return answer

    @abstractmethod
    def _answer(self, operation: str, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any] | None:
        """Return the answer, None for an operation that is not modelled."""


class CloudFormationAnswers(_ReadAnswers):
    """CloudFormation: the status of a stack."""

    def _answer(self, operation: str, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any] | None:
        if operation == "DescribeStackEvents":
            return {"StackEvents": []}
        if operation != "DescribeStacks":
            return None
        name = str(given.get("StackName", ""))
        here = f":cloudformation:{scope.region}:{scope.account}:"
        found = {
            arn: status
            for arn, status in self._world.stack_statuses.items()
            if here in arn and name in {"", arn, _name(arn)}
        }
        if name and not found:
            raise ServiceRefusedError("ValidationError", f"Stack with id {name} does not exist")
        stacks = [
            {"StackId": arn, "StackName": _name(arn), "CreationTime": BEGIN, "StackStatus": status}
            for arn, status in found.items()
        ]
        return {"Stacks": stacks}


def _name(stack_id: str) -> str:
    return stack_id.split("/")[1]


class Ec2Answers(_ReadAnswers):
    """EC2: no network interface is left behind by a job that nothing runs."""

    def _answer(self, operation: str, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any] | None:  # noqa: ARG002
        return {"NetworkInterfaces": []} if operation == "DescribeNetworkInterfaces" else None


class KafkaAnswers(_ReadAnswers):
    """MSK: a cluster of the templates is ACTIVE, with made-up brokers."""

    def _answer(self, operation: str, given: Mapping[str, Any], scope: CallScope) -> Mapping[str, Any] | None:
        arn = str(given.get("ClusterArn"))
        if not self._world.records.with_ids([arn]):
            raise ServiceRefusedError("NotFoundException", f"The cluster {arn} does not exist", status=404)
        if operation == "DescribeClusterV2":
            return {"ClusterInfo": {"ClusterArn": arn, "State": "ACTIVE"}}
        if operation != "GetBootstrapBrokers":
            return None
        host = f"rehearsal.kafka.{scope.region}.amazonaws.com"
        return {
            name: ",".join(f"b-{number}.{host}:{port}" for number in range(1, _BROKERS + 1))
            for name, port in (("BootstrapBrokerStringSaslIam", 9098), ("BootstrapBrokerStringTls", 9094))
        }
