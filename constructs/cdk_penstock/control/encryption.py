"""Changes what an application is encrypted with, and reads back what the service says.

End states of ``request_encryption`` and what follows:

- refused before the call (runtime, Region, snapshots disabled) or by MSF (permission, disabled key): the application
  goes on under the old key, nothing was changed;
- accepted on a stopped application: configured at once, used from the next start (R016);
- accepted on a running application: MSF takes a snapshot under the old key and restarts from it (R017, R018). Where
  that operation fails, the application is RUNNING under the old key if system rollback is enabled, else READY.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from cdk_penstock.control.application import BUSY_CODES
from cdk_penstock.control.errors import OperationFailedError, ReadBackError, WrongStateError, code_of, explained
from cdk_penstock.control.patience import patiently
from cdk_penstock.model.keys import (
    ApplicationEncryption,
    KeyFacts,
    KeyUse,
    LifecycleOperation,
    keys_involved,
)
from cdk_penstock.model.runtimes import FlinkRuntime

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.control.application import ApplicationControl, ApplicationDetail

__all__ = ("Progress", "check_possible", "request_encryption")

_ATTEMPTS: Final = 5


class Progress(Enum):
    """How far a request has come."""

    THERE = "the application is configured as wanted"
    BUSY = "the application is on its way to another status"
    REQUESTED = "MSF has accepted the update"


def request_encryption(
    application: ApplicationControl, target: ApplicationEncryption, *, since: datetime | None = None
) -> Progress:
    """Ask MSF for this encryption, unless the application has it or is busy; return at once.

    A change by somebody else in between is read and decided upon anew, never overwritten blindly: the update carries
    the token of the description that it was decided on.

    With ``since``, an update that began at or after it and has ended otherwise than wanted is raised rather than asked
    for again, which would only restart the application once more: OperationFailedError where MSF failed it, also if
    the application is then configured as wanted but stopped, ReadBackError where the service says something else.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        detail = application.describe()
        if not detail.is_steady:
            return Progress.BUSY
        if since is not None:
            _check_earlier_attempt(application, detail, target, since)
        if detail.encryption == target:
            return Progress.THERE
        check_possible(detail, target)
        keys = keys_involved(LifecycleOperation.UPDATE, KeyUse(configured=detail.encryption, new=target))
        request = _request(detail, target)
        try:
            patiently(
                lambda request=request: application.client.update_application(**request),  # type: ignore[misc]
                doing=f"change application {detail.name} from {detail.encryption} to {target}",
                clock=application.clock,
                keys=keys,
                passed_on=BUSY_CODES,
            )
        except ClientError as error:
            if code_of(error) == "ResourceInUseException":
                return Progress.BUSY
            if attempt == _ATTEMPTS:
                raise explained(error, doing=f"change application {detail.name}", keys=keys) from error
        else:
            return Progress.REQUESTED
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def check_possible(detail: ApplicationDetail, target: ApplicationEncryption) -> None:
    """Refuse what would fail late, or lose state: an old runtime, a key elsewhere, a restart without a snapshot."""
    if target.key_arn is not None:
        KeyFacts(key_arn=target.key_arn).check_fit_for(detail.arn)
        if not FlinkRuntime.of(detail.runtime_environment).customer_managed_key_allowed:
            message = (
                f"application {detail.name} runs {detail.runtime_environment}, a customer managed key needs FLINK-1_20"
                " or newer: upgrade the runtime in place first; nothing was changed (R038)"
            )
            raise WrongStateError(message)
    if detail.is_running and not detail.snapshots_enabled:
        message = (
            f"application {detail.name} is RUNNING with snapshots disabled: the restart that a change of key needs"
            " would lose its state; enable snapshots or stop it first; nothing was changed (R054)"
        )
        raise WrongStateError(message)


def _check_earlier_attempt(
    application: ApplicationControl, detail: ApplicationDetail, target: ApplicationEncryption, since: datetime
) -> None:
    where = f"the application is {detail.status} under {detail.encryption}, wanted was {target}"
    for operation in application.operations(since=since):
        if operation.name != "UpdateApplication":
            continue
        if operation.failed:
            reason = application.reason_of(operation)
            message = f"MSF accepted the change of key of {detail.name} and then failed it: {reason}; {where}"
            raise OperationFailedError(message)
        if operation.succeeded and detail.encryption != target:
            message = (
                f"MSF reports the update of {detail.name} as successful, but {where}: look for a concurrent"
                " UpdateApplication in CloudTrail, then deploy again"
            )
            raise ReadBackError(message)


def _request(detail: ApplicationDetail, target: ApplicationEncryption) -> dict[str, Any]:
    """Return the request; the block is nested, which the launch post of the feature gets wrong (R011)."""
    update: dict[str, Any] = {"KeyTypeUpdate": target.key_type.value}
    if target.key_arn is not None:
        update["KeyIdUpdate"] = target.key_arn
    return {
        "ApplicationName": detail.name,
        "ApplicationConfigurationUpdate": {"ApplicationEncryptionConfigurationUpdate": update},
        **(
            {"ConditionalToken": detail.conditional_token}
            if detail.conditional_token
            else {"CurrentApplicationVersionId": detail.version_id}
        ),
    }
