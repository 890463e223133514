"""Retries of failures that pass by themselves: IAM changes that are not in force yet, and a job that is restarting.

A call that fails for good raises a ControlError and has changed nothing. Throttling is left to botocore's own retries,
and to a handler, which asks again for longer: ``passes_within_seconds`` is the one place that says for how long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from botocore import exceptions
from botocore.exceptions import ClientError, ParamValidationError

from cdk_penstock.control.errors import (
    BusyError,
    ControlError,
    MissingPermissionError,
    SnapshotNotPossibleError,
    UnavailableError,
    code_of,
    explained,
    is_busy,
    is_permission_trouble,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk_penstock.control.clients import Clock

T = TypeVar("T")

PROPAGATION_SECONDS: Final = 75.0
"""IAM's changes are usually seen within a minute."""

PERMISSION_SECONDS: Final = 180.0
"""Wait of a deployment until IAM, and what copies its roles, sees a change."""
UNAVAILABLE_SECONDS: Final = 900.0
"""Time for which a service may be out of reach, or a security group or an endpoint not be in force yet."""

_SNAPSHOT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 5.0
_SNAPSHOT_PAUSE_SECONDS: Final = 20.0
_NO_SNAPSHOT: Final = "Failed to take snapshot"
_UNKNOWN_PARAMETER: Final = "Unknown parameter in input"


def call_with_retry(
    call: Callable[[], T],
    *,
    action: str,
    clock: Clock,
    keys: Iterable[str] = (),
    reraise_codes: Iterable[str] = (),
    propagation_seconds: float = PROPAGATION_SECONDS,
) -> T:
    """Return the answer of a call, tried again while its failure may pass by itself.

    An error with one of ``reraise_codes`` is raised as botocore's ClientError, so that the caller can describe the
    state and decide again; any other one as a ControlError that names the action.
    """
    begin = clock.now()
    while True:
        try:
            return call()
        except ParamValidationError as error:
            raise _not_sent(error, action) from error
        except ClientError as error:
            if code_of(error) in set(reraise_codes):
                raise
            waited = (clock.now() - begin).total_seconds()
            if _is_snapshot_trouble(error):
                if waited >= _SNAPSHOT_SECONDS:
                    raise _no_snapshot(error, action) from error
                clock.sleep(_SNAPSHOT_PAUSE_SECONDS)
            elif is_permission_trouble(error) and waited < propagation_seconds:
                clock.sleep(_PAUSE_SECONDS)
            else:
                raise explained(error, action=action, keys=keys) from error


def passes_within_seconds(error: Exception) -> float:
    """Return how long a failure may last that passes by itself, 0 for one that does not."""
    if isinstance(error, BusyError) or (isinstance(error, ClientError) and is_busy(error)):
        return float("inf")
    if isinstance(error, UnavailableError | exceptions.ConnectionError | exceptions.HTTPClientError):
        return UNAVAILABLE_SECONDS
    if isinstance(error, MissingPermissionError) or (isinstance(error, ClientError) and is_permission_trouble(error)):
        return PERMISSION_SECONDS
    return 0.0


def _not_sent(error: ParamValidationError, action: str) -> ControlError:
    """Return the error for a request that botocore refused: an old one does not know a parameter, or a value is bad."""
    if _UNKNOWN_PARAMETER in str(error):
        return ControlError(
            f"cannot {action}: the installed boto3 does not know the request ({error}): install boto3 1.40.40"
            " or newer; nothing was sent"
        )
    return ControlError(f"cannot {action}: a value has not the form that AWS takes ({error}); nothing was sent")


def _is_snapshot_trouble(error: ClientError) -> bool:
    return code_of(error) == "InvalidApplicationConfigurationException" and _NO_SNAPSHOT in str(error)


def _no_snapshot(error: ClientError, action: str) -> SnapshotNotPossibleError:
    return SnapshotNotPossibleError(
        f"cannot {action}: MSF cannot take a snapshot, because the job is failing or restarting; nothing was changed."
        " See the application's log, correct the job or stop the application with force, which loses what is newer than"
        f" the last snapshot, then try again. {error}"
    )
