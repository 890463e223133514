"""Network permissions that are narrower than AWS's page asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tools.account_questions.account import ExperimentError
from tools.account_questions.experiment import Answer, Experiment
from tools.account_questions.experiments.application import described, last_operation, role_policies, why_failed

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("NetworkPermissions",)


class NetworkPermissions(Experiment):
    """Looks whether an application in a VPC runs with them."""

    name = "network-permissions"
    question = "Does an application start in a VPC with network permissions for its own subnets only (ec2:Subnet)?"
    needs = ("application",)
    answers: ClassVar = {
        "enough": "allow_network in application/execution_role.py stays as it is",
        "not enough": "allow_network in application/execution_role.py must allow on * what AWS's page names",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:  # noqa: ARG002 - makes nothing
        """Compare the application's state with its role."""
        detail = described(account)
        vpcs = detail["ApplicationConfigurationDescription"].get("VpcConfigurationDescriptions", [])
        if not vpcs:
            raise ExperimentError("the application is not in a VPC: name one that is")
        if "ec2:Subnet" not in role_policies(account, detail["ServiceExecutionRole"]):
            raise ExperimentError("its role is not limited to subnets: name an application that penstock has deployed")
        status = detail["ApplicationStatus"]
        if status == "RUNNING":
            return Answer("enough", f"it runs in {len(vpcs[0]['SubnetIds'])} subnets")
        reason = why_failed(last_operation(account, "StartApplication"))
        if reason is None:
            raise ExperimentError(f"the application is {status} and no start of it has failed: start it and ask again")
        if not any(word in reason for word in ("NetworkInterface", "network interface", "ec2:")):
            raise ExperimentError(f"its start failed for another reason: {reason}")
        return Answer("not enough", f"its start failed: {reason}")
