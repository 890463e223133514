"""Comparison of what an application runs with what a deployment has asked of MSF.

CloudFormation counts an update as complete as soon as the application is RUNNING again, which it is under its old
version too, after a system rollback (managed-flink, how-system-rollbacks and rollback): nothing else reports the
failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

CHANGES: Final = frozenset(
    {
        "AddApplicationCloudWatchLoggingOption",
        "AddApplicationVpcConfiguration",
        "DeleteApplicationCloudWatchLoggingOption",
        "DeleteApplicationVpcConfiguration",
        "UpdateApplication",
    }
)
"""The operations that make another version of an application."""
RESTARTS: Final = frozenset({"StartApplication", "UpdateApplication", "RollbackApplication"})
"""The operations with which a job is launched on request."""
_START: Final = "StartApplication"
_ROLLBACK: Final = "rollback"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation that MSF has accepted; ``name`` is an open set, since MSF's own operations appear as well."""

    operation_id: str
    name: str
    status: str
    started_at: datetime
    ended_at: datetime

    @property
    def succeeded(self) -> bool:
        """True if the operation succeeded; an EndTime alone does not mean that it ended."""
        return self.status == "SUCCESSFUL"

    @property
    def is_over(self) -> bool:
        """True if the operation has ended."""
        return self.succeeded or self.failed

    @property
    def failed(self) -> bool:
        """True if the operation ended without success."""
        return self.status in {"FAILED", "CANCELLED"}

    def __str__(self) -> str:
        began = f"{self.started_at:%Y-%m-%d %H:%M:%S %Z}"
        return f"{self.name} {self.operation_id}, which began at {began} and is {self.status}"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """CloudFormation's present work on a stack.

    Parameters
    ----------
    began_at
        When it began.
    is_rollback
        Whether CloudFormation is putting back what was before.
    """

    began_at: datetime
    is_rollback: bool = False


@dataclass(frozen=True, kw_only=True)
class Revision:
    """The code of an application and the runtime that it runs on, as the template or as MSF has them.

    Parameters
    ----------
    code_bucket_arn, code_key, code_version
        The code object. Without a version, any one of the object.
    runtime_environment
        The runtime.
    """

    code_bucket_arn: str
    code_key: str
    code_version: str = ""
    runtime_environment: str

    def is_met_by(self, found: Revision | None) -> bool:
        """Return True if this is what was found; any version of the object will do where none is asked for."""
        if found is None:
            return False
        return self == found or (
            not self.code_version
            and (self.code_bucket_arn, self.code_key, self.runtime_environment)
            == (found.code_bucket_arn, found.code_key, found.runtime_environment)
        )

    def on(self, runtime_environment: str) -> Revision:
        """Return the same code on a runtime."""
        return replace(self, runtime_environment=runtime_environment)

    def __str__(self) -> str:
        version = f" (version {self.code_version})" if self.code_version else ""
        return f"s3://{self.code_bucket_arn.rpartition(':')[2]}/{self.code_key}{version} on {self.runtime_environment}"


@dataclass(frozen=True, kw_only=True)
class Undone:
    """A request to MSF that is not in force.

    Parameters
    ----------
    operation
        The operation that failed, or that put the old version back, if there is one.
    deviates
        Whether the application runs other code, or another runtime, than the template has.
    """

    operation: Operation | None
    deviates: bool


def find_undone(
    deployment: Deployment,
    *,
    expected: Revision | None,
    before: Revision | None,
    found: Revision | None,
    operations: Iterable[Operation],
) -> Undone | None:
    """Return what MSF has not done, or has undone, since the deployment began; None where all is in force.

    Code and runtime are compared where this deployment has changed them: what somebody has rolled back by hand before
    is not its failure, and must not block the rollback of another one. In a rollback, the operations that failed are
    those of the deployment that is being put back.

    Parameters
    ----------
    deployment
        The present one.
    expected
        What the template has; None where it has no say in the application.
    before
        What the template had; None before the first deployment.
    found
        What MSF describes.
    operations
        The application's operations, in any order.
    """
    if expected is None:
        return None
    since = [each for each in operations if each.started_at >= deployment.began_at]
    operation = None if deployment.is_rollback else _undoing(since)
    deviates = expected != before and not expected.is_met_by(found)
    return Undone(operation=operation, deviates=deviates) if operation or deviates else None


def _undoing(operations: Iterable[Operation]) -> Operation | None:
    """Return the newest change that failed, else the newest rollback, unless the application was started since.

    A start takes up the configuration that the failed change has left, so it is in force then.
    """
    rollback = None
    for each in sorted(operations, key=lambda each: each.started_at, reverse=True):
        if each.name == _START and each.succeeded:
            break
        if each.name in CHANGES and each.failed:
            return each
        if _ROLLBACK in each.name.lower() and each.succeeded and rollback is None:
            rollback = each
    return rollback
