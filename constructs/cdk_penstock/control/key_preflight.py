"""Check of every customer managed key that an operation involves, before the operation changes anything.

End state: nothing is changed, whatever is found. MSF itself checks permissions only when it is called, and uses some of
them only after it has begun to stop a job.

The caller needs ``kms:DescribeKey`` and ``kms:GetKeyPolicy`` on the keys for direct calls: permission to use a key
through MSF is not enough. What the caller may not look at is unknown, and stops no operation.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore import exceptions

from cdk_penstock.control.errors import ControlError, KeyUnusableError, MissingPermissionError
from cdk_penstock.control.key_status import KEY_MISSING
from cdk_penstock.model.keys import KeyArn, LifecycleOperation, keys_involved
from cdk_penstock.model.keys.key_assignment import is_key_arn
from cdk_penstock.model.keys.observed_application import problems_with_place
from cdk_penstock.model.policies.documents import PolicyDocumentError
from cdk_penstock.model.policies.key_policy_findings import JudgedKey
from cdk_penstock.model.policies.key_policy_problems import KeyPolicyProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.key_viewers import KeyViewers
    from cdk_penstock.control.kms_keys import KmsKeys
    from cdk_penstock.model.keys import KeyUse

_VERBS: Final = {
    LifecycleOperation.START: "start",
    LifecycleOperation.STOP: "stop",
    LifecycleOperation.UPDATE: "update",
    LifecycleOperation.SNAPSHOT: "take a snapshot of",
    LifecycleOperation.ROLLBACK: "roll back",
}
_NOT_SEEN: Final = (ControlError, exceptions.ConnectionError, exceptions.HTTPClientError)
"""Failures to look at a key, which say nothing about the key; KeyUnusableError alone does."""


class KeyPreflight:
    """Checks the keys of one application's operations.

    Parameters
    ----------
    keys
        KMS, as somebody who may look at the keys, or as several roles.
    operator_arn
        The role or user that calls MSF, whose permission in the key policies is checked. Default: only that of MSF is.
    """

    def __init__(self, keys: KmsKeys | KeyViewers, *, operator_arn: str | None = None) -> None:
        self._keys = keys
        self._operator_arns = (operator_arn,) if operator_arn else ()

    def check(self, operation: LifecycleOperation, use: KeyUse, *, application_arn: str) -> tuple[str, ...]:
        """Check each key that the operation involves, and return what could not be found out, in sentences.

        Raises
        ------
        KeyUnusableError
            A key does not exist, or is not enabled.
        MissingPermissionError
            The policy of a key does not allow MSF, or the caller of MSF, what the operation needs.
        ControlError
            The application cannot be encrypted with a key.
        """
        new = use.new.keys - use.configured.keys if use.new is not None else frozenset()
        unknown: list[str] = []
        problems = [
            problem
            for key_arn in sorted(keys_involved(operation, use))
            for problem in self._problems(key_arn, application_arn, unknown, is_new=key_arn in new)
        ]
        if problems:
            kinds = [type(each) for each in problems]
            kind = next((each for each in (KeyUnusableError, MissingPermissionError) if each in kinds), ControlError)
            causes = "; ".join(str(each) for each in problems)
            raise kind(f"cannot {_VERBS[operation]} {application_arn}: {causes}; nothing was changed")
        return tuple(unknown)

    def before_each(
        self, application: ApplicationControl, report: Callable[[str], None]
    ) -> Callable[[LifecycleOperation, KeyUse], None]:
        """Return the check of one application's operations, which reports once what could not be found out."""
        reported: set[str] = set()

        def check(operation: LifecycleOperation, use: KeyUse) -> None:
            if not keys_involved(operation, use):
                return
            for note in self.check(operation, use, application_arn=application.describe().arn):
                if note not in reported:
                    report(f"not checked: {note}")
                reported.add(note)

        return check

    def _problems(
        self, key_arn: str, application_arn: str, unknown: list[str], *, is_new: bool
    ) -> Iterator[ControlError]:
        if not is_key_arn(key_arn):
            # An alias: GetKeyPolicy takes none.
            with _noting(unknown, f"the key of {key_arn}"):
                key_arn = self._keys.describe_state(key_arn).key_arn
            if not is_key_arn(key_arn):
                return
        key, application = KeyArn.parse(key_arn), KeyArn.beside(application_arn, "any")
        elsewhere = [
            *problems_with_place(key.account, application.account, "account"),
            *problems_with_place(key.region, application.region, "Region"),
        ]
        if elsewhere:
            yield ControlError(f"key {key_arn} cannot encrypt it: {'; '.join(elsewhere)}")
            return
        yield from self._problems_of_state(key_arn, unknown, is_new=is_new)
        yield from self._problems_of_policy(key_arn, application_arn, unknown)

    def _problems_of_state(self, key_arn: str, unknown: list[str], *, is_new: bool) -> Iterator[ControlError]:
        with _noting(unknown, f"the state of key {key_arn}"):
            try:
                found = self._keys.describe_state(key_arn)
            except KeyUnusableError:
                fix = (
                    "use a key that exists" if is_new else "what it encrypted cannot be read, see docs/runbooks/key.md"
                )
                yield KeyUnusableError(f"key {key_arn} is {KEY_MISSING}: {fix}")
                return
            if found.state != "Enabled":
                yield KeyUnusableError(
                    f"key {key_arn} must be Enabled, it is {found.state}: have the key administrator re-enable it (or"
                    " cancel its deletion), then try again"
                )
            if is_new:
                # A key in use is not refused for its kind: what is encrypted with it must stay within reach.
                with _noting(unknown, f"the rotation of key {key_arn}"):
                    found = self._keys.describe(key_arn)
                if unfit := "; ".join(found.problems()):
                    yield ControlError(f"key {key_arn} cannot encrypt it: {unfit}")

    def _problems_of_policy(self, key_arn: str, application_arn: str, unknown: list[str]) -> Iterator[ControlError]:
        try:
            with _noting(unknown, f"the policy of key {key_arn}"):
                judged = JudgedKey(key_arn=key_arn, application_arn=application_arn, policy=self._keys.policy(key_arn))
                for finding in judged.findings(self._operator_arns):
                    if finding.problem is KeyPolicyProblem.DENIED:
                        yield MissingPermissionError(f"key {key_arn}: {finding}")
                    elif finding.problem is KeyPolicyProblem.UNKNOWN:
                        unknown.append(f"key {key_arn}: {finding}")
        except PolicyDocumentError as error:
            unknown.append(f"the policy of key {key_arn} cannot be read: {error}")
        except KeyUnusableError:
            # Its state has said so.
            return


@contextmanager
def _noting(unknown: list[str], what: str) -> Iterator[None]:
    """Note what could not be looked at, and why."""
    try:
        yield
    except KeyUnusableError:
        raise
    except _NOT_SEEN as error:
        unknown.append(f"{what} is unknown: {error}")
