"""The reports of an update that MSF rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tools.account_questions.account import ExperimentError
from tools.account_questions.experiment import Answer, Experiment
from tools.account_questions.experiments.application import described, last_operation, why_failed

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("RolledBackUpdate",)


class RolledBackUpdate(Experiment):
    """Reads what stack, application and operations say after broken code was deployed."""

    name = "rolled-back-update"
    question = "What do stack, application and ListApplicationOperations report about broken code that MSF rolled back?"
    needs = ("application", "stack")
    answers: ClassVar = {
        "stack succeeded": "the stack does not show the problem: the start must compare version and operations"
        " (handlers/verified_start_handler.py)",
        "stack failed": "CloudFormation reports the problem; the comparison at the start is a second check",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:  # noqa: ARG002 - makes nothing
        """Compare the newest update with the stack."""
        operation = last_operation(account, "UpdateApplication")
        reason = why_failed(operation)
        if operation is None or reason is None:
            raise ExperimentError(
                "the newest update has not failed: deploy code to it that cannot start, such as an entry point that"
                " raises, and ask again when the deployment has ended"
            )
        detail = described(account)
        (stack,) = account.client("cloudformation").describe_stacks(StackName=account.target("stack"))["Stacks"]
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            raise ExperimentError(f"the stack is {status}: ask again when the deployment has ended")
        rolled_back = "RollbackOperationId" in operation.get("OperationFailureDetails", {})
        seen = (
            f"operation FAILED{' and rolled back' if rolled_back else ''} ({reason}); application"
            f" {detail['ApplicationStatus']}, version {detail['ApplicationVersionId']}; stack {status}"
        )
        succeeded = status in {"UPDATE_COMPLETE", "CREATE_COMPLETE"}
        return Answer("stack succeeded" if succeeded else "stack failed", seen)
