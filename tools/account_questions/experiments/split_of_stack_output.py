"""Fn::Split over Fn::GetStackOutput, tried with two stacks of one parameter each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from botocore.exceptions import ClientError

from tools.account_questions.account import TAG, ExperimentError, code_of
from tools.account_questions.experiment import Answer, Experiment

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("SplitOfStackOutput",)

_STEM, _REST = "left", "right"
_SECONDS: Final = 300.0


class SplitOfStackOutput(Experiment):
    """Two stacks: the second takes an output of the first apart."""

    name = "split-of-stack-output"
    question = "Does CloudFormation accept Fn::GetStackOutput inside Fn::Split in this Region?"
    makes = "two stacks with one SSM parameter each"
    answers: ClassVar = {
        "accepted": "a template with Fn::Split over a weak reference may be deployed in this Region",
        "refused": "resource_arn in streams/kafka/topic_arns.py needs an ARN that is not a weak reference: make"
        " references to the cluster strong (defaultCrossStackReferences in cdk.json)",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Make both stacks and compare what the second has read."""
        producer, consumer = f"{account.prefix}-producer", f"{account.prefix}-consumer"
        made = self._stack(account, cleanup, producer, _parameter(f"{_STEM}:cluster/{_REST}"))
        if made != "CREATE_COMPLETE":
            raise ExperimentError(f"the stack without the function is {made}: {_reason(account, producer)}")
        output = {"StackName": producer, "Region": {"Ref": "AWS::Region"}, "OutputName": "Value"}
        half = {"Fn::Select": [1, {"Fn::Split": [":cluster/", {"Fn::GetStackOutput": output}]}]}
        try:
            made = self._stack(account, cleanup, consumer, _parameter(half))
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            return Answer("refused", str(error))
        if made != "CREATE_COMPLETE":
            return Answer("refused", f"{made}: {_reason(account, consumer)}")
        (read,) = _described(account, consumer)["Outputs"]
        if read["OutputValue"] != _REST:
            return Answer("refused", f"it gave {read['OutputValue']!r}, expected {_REST!r}")
        return Answer("accepted", f"it gave {_REST!r}, as it should")

    def _stack(self, account: Account, cleanup: Cleanup, name: str, template: dict[str, Any]) -> str:
        client = account.client("cloudformation")
        cleanup.make(
            f"stack {name}",
            lambda: client.create_stack(
                StackName=name, TemplateBody=json.dumps(template), Tags=[{"Key": TAG, "Value": self.name}]
            ),
            undo=lambda _: _delete(account, name),
        )
        status: str = account.wait_for(
            lambda: _settled(_described(account, name)["StackStatus"]),
            until=f"stack {name} is made",
            seconds=_SECONDS,
        )
        return status


def _parameter(value: object) -> dict[str, Any]:
    return {
        "Resources": {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}},
        "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["Parameter", "Value"]}}},
    }


def _settled(status: str) -> str | None:
    return None if status.endswith("_IN_PROGRESS") else status


def _described(account: Account, name: str) -> dict[str, Any]:
    (stack,) = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def _reason(account: Account, name: str) -> str:
    events = account.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
    return str(failed[-1].get("ResourceStatusReason", "no reason given")) if failed else "no reason given"


def _delete(account: Account, name: str) -> None:
    account.client("cloudformation").delete_stack(StackName=name)
    account.wait_for(lambda: _is_gone(account, name), until=f"stack {name} is deleted", seconds=_SECONDS)


def _is_gone(account: Account, name: str) -> bool:
    try:
        return bool(_described(account, name)["StackStatus"] == "DELETE_COMPLETE")
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        return True
