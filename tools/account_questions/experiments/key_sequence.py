"""The sequence of the customer managed key, as a deployment left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tools.account_questions.account import ExperimentError, pages
from tools.account_questions.experiment import Answer, Experiment
from tools.account_questions.experiments.application import described, last_operation, why_failed

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("KeySequence",)


class KeySequence(Experiment):
    """Looks at the key, the state and the snapshots of an application."""

    name = "key-sequence"
    question = (
        "Does one deployment change an application to its own key, start it, and let it take snapshots under that key?"
    )
    needs = ("application",)
    answers: ClassVar = {
        "yes": "CustomerManagedEncryption stays as it is",
        "no": "the failed step must change: encryption/customer_managed_encryption.py has the order,"
        " model/policies/ the permissions",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:  # noqa: ARG002 - makes nothing
        """Compare the key of the application with those of its snapshots."""
        detail = described(account)
        encryption = detail["ApplicationConfigurationDescription"].get(
            "ApplicationEncryptionConfigurationDescription", {}
        )
        for operation in ("UpdateApplication", "StartApplication"):
            reason = why_failed(last_operation(account, operation))
            if reason is not None and detail["ApplicationStatus"] != "RUNNING":
                return Answer("no", f"{operation} failed: {reason}")
        if encryption.get("KeyType") != "CUSTOMER_MANAGED_KEY":
            raise ExperimentError(
                "the application is under the key that AWS owns: deploy it with [encryption] and ask again"
            )
        if detail["ApplicationStatus"] != "RUNNING":
            raise ExperimentError(f"the application is {detail['ApplicationStatus']}: start it and ask again")
        under_key = self._snapshots_under(account, encryption["KeyId"])
        if not under_key:
            raise ExperimentError(
                "it has no snapshot under its key: take one (create-application-snapshot) and ask again"
            )
        return Answer("yes", f"it runs under {encryption['KeyId']}, with {under_key} snapshots under that key")

    @staticmethod
    def _snapshots_under(account: Account, key_id: str) -> int:
        client = account.client("kinesisanalyticsv2")
        listed = pages(client.list_application_snapshots, ApplicationName=account.target("application"))
        return sum(
            each["SnapshotStatus"] == "READY"
            and each.get("ApplicationEncryptionConfigurationDescription", {}).get("KeyId") == key_id
            for page in listed
            for each in page["SnapshotSummaries"]
        )
