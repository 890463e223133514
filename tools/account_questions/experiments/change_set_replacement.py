"""The plan of CloudFormation for a stack with weak references, when nothing of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tools.account_questions.account import TAG, ExperimentError, pages
from tools.account_questions.experiment import Answer, Experiment

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("ChangeSetReplacement",)

_SECONDS: Final = 300.0
_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class ChangeSetReplacement(Experiment):
    """A change set that only adds a tag, and is never executed."""

    name = "change-set-replacement"
    question = "Does an unrelated change of a deployed stack plan to replace resources that refer to another stack?"
    needs = ("stack",)
    makes = "a change set, which is not executed"
    answers: ClassVar = {
        "in place": "defaultCrossStackReferences in cdk.json may stay as it is",
        "replacement": "references to those resources must be strong (defaultCrossStackReferences in cdk.json): a"
        " cluster with a fixed name cannot be replaced",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Read the plan."""
        client, stack, name = account.client("cloudformation"), account.target("stack"), account.prefix
        (described,) = client.describe_stacks(StackName=stack)["Stacks"]
        request: dict[str, Any] = {
            "StackName": stack,
            "ChangeSetName": name,
            "UsePreviousTemplate": True,
            "Capabilities": list(_CAPABILITIES),
            "Parameters": [
                {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
                for each in described.get("Parameters", [])
            ],
            "Tags": [*described.get("Tags", []), {"Key": TAG, "Value": self.name}],
        }
        cleanup.make(
            f"change set {name} of stack {stack}",
            lambda: client.create_change_set(**request),
            undo=lambda _: client.delete_change_set(StackName=stack, ChangeSetName=name),
        )
        changes = account.wait_for(lambda: self._changes(account), until=f"change set {name} is made", seconds=_SECONDS)
        replaced = [
            f"{each['LogicalResourceId']} ({each['ResourceType']}: {each['Replacement']})"
            for each in changes
            if each.get("Replacement", "False") != "False"
        ]
        if replaced:
            return Answer("replacement", f"of {len(changes)} changes these replace: {', '.join(replaced)}")
        return Answer("in place", f"none of {len(changes)} changes replaces anything")

    @staticmethod
    def _changes(account: Account) -> list[dict[str, Any]] | None:
        """Return the changes of all pages, None while they are not known."""
        client, changes = account.client("cloudformation"), list[dict[str, Any]]()
        for page in pages(client.describe_change_set, StackName=account.target("stack"), ChangeSetName=account.prefix):
            if page["Status"] == "FAILED":
                raise ExperimentError(f"there is no plan: {page.get('StatusReason', 'no reason given')}")
            if page["Status"] != "CREATE_COMPLETE":
                return None
            changes += [each["ResourceChange"] for each in page["Changes"] if "ResourceChange" in each]
        if not changes:
            raise ExperimentError(
                "the plan has no change, although a tag was added: name a stack with resources that take tags"
            )
        return changes
