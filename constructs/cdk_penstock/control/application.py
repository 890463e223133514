"""One application on MSF: what it is, and the operations of its life.

End states. A request that is refused changes nothing. An accepted one goes on by itself, also if its caller is killed:
``describe`` tells where it ended. ``wait_until_steady`` gives up after its time and leaves the application as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from cdk_penstock.control.errors import NotSteadyError, code_of
from cdk_penstock.control.patience import patiently
from cdk_penstock.model.deployment import Operation, Revision
from cdk_penstock.model.keys import STEADY_STATUSES, ApplicationEncryption, ApplicationStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cdk_penstock.control.clients import Clock, FlinkClient

__all__ = ("BUSY_CODES", "ApplicationControl", "ApplicationDetail")

BUSY_CODES: Final = ("ResourceInUseException", "ConcurrentModificationException")
"""The application changed since it was looked at: look again, and decide again."""

_STEADY_TIMEOUT_SECONDS: Final = 20 * 60.0
_POLL_SECONDS: Final = 10.0
_ENHANCED: Final = "ENHANCED_SNAPSHOTS"


@dataclass(frozen=True, kw_only=True)
class ApplicationDetail:
    """What DescribeApplication says, as far as keys and lifecycle go.

    ``revision`` is None for code that is not in S3; ``rolled_back_from`` is the version that a rollback has replaced by
    the present one, None where there was no rollback.
    """

    name: str
    arn: str
    runtime_environment: str
    status: ApplicationStatus
    version_id: int
    conditional_token: str | None
    encryption: ApplicationEncryption
    snapshots_enabled: bool
    enhanced_snapshots: bool
    revision: Revision | None
    rolled_back_from: int | None

    @property
    def is_steady(self) -> bool:
        """Whether the status lasts until somebody acts."""
        return self.status in STEADY_STATUSES

    @property
    def is_running(self) -> bool:
        """Whether a job runs."""
        return self.status is ApplicationStatus.RUNNING


class ApplicationControl:
    """The operations of one application, as its operator.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2`` with the operator's credentials.
    name
        The application's name.
    clock
        What the time is, and how to wait.
    """

    def __init__(self, client: FlinkClient, name: str, *, clock: Clock) -> None:
        self.client = client
        self.name = name
        self.clock = clock

    def describe(self) -> ApplicationDetail:
        """Return the application; raise ApplicationMissingError where there is none."""
        answer = patiently(
            lambda: self.client.describe_application(ApplicationName=self.name),
            doing=f"describe application {self.name}",
            clock=self.clock,
        )
        return _detail(answer["ApplicationDetail"])

    def wait_until_steady(self, timeout_seconds: float = _STEADY_TIMEOUT_SECONDS) -> ApplicationDetail:
        """Return the application as soon as its status lasts; raise NotSteadyError where that takes too long."""
        end = self.clock.now() + timedelta(seconds=timeout_seconds)
        while True:
            detail = self.describe()
            if detail.is_steady:
                return detail
            if self.clock.now() >= end:
                message = (
                    f"application {self.name} is still {detail.status} after {timeout_seconds:.0f} s and was left so:"
                    " see its log; if it is stuck, stop it with force, which loses what is newer than its last"
                    " snapshot, then run this again"
                )
                raise NotSteadyError(message)
            self.clock.sleep(_POLL_SECONDS)

    def start(self) -> bool:
        """Start from the latest snapshot (R059); False where the state changed meanwhile, so that one looks again."""
        configuration = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}}
        return self._ask(
            "start", lambda: self.client.start_application(ApplicationName=self.name, RunConfiguration=configuration)
        )

    def stop(self, *, force: bool = False) -> bool:
        """Stop with a snapshot, or with force without one; False where the state changed meanwhile."""
        request: dict[str, Any] = {"Force": True} if force else {}
        return self._ask("stop", lambda: self.client.stop_application(ApplicationName=self.name, **request))

    def _ask(self, verb: str, call: Any) -> bool:
        keys = self.describe().encryption.keys
        try:
            patiently(call, doing=f"{verb} application {self.name}", clock=self.clock, keys=keys, passed_on=BUSY_CODES)
        except ClientError:
            return False
        return True

    def operations(self, *, since: datetime | None = None) -> list[Operation]:
        """Return the application's operations, of any kind and order, that began at or after a moment."""
        return [each for each in self._operations() if since is None or each.started_at >= since]

    def _operations(self) -> Iterator[Operation]:
        request: dict[str, Any] = {"ApplicationName": self.name, "Limit": 50}
        while True:
            page = patiently(
                lambda: self.client.list_application_operations(**request),
                doing=f"list the operations of {self.name}",
                clock=self.clock,
            )
            for each in page.get("ApplicationOperationInfoList", ()):
                yield Operation(
                    operation_id=each["OperationId"],
                    name=each["Operation"],
                    status=each["OperationStatus"],
                    started_at=each["StartTime"],
                    ended_at=each.get("EndTime", each["StartTime"]),
                )
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def reason_of(self, operation: Operation) -> str:
        """Return what MSF says on why an operation failed."""
        try:
            answer = self.client.describe_application_operation(
                ApplicationName=self.name, OperationId=operation.operation_id
            )
        except ClientError as error:
            # The failure itself is the news; that its reason cannot be read is not worth hiding it.
            return f"its reason cannot be read ({code_of(error)})"
        failure = answer["ApplicationOperationInfoDetails"].get("OperationFailureDetails", {})
        text: str = failure.get("ErrorInfo", {}).get("ErrorString", "MSF gives no reason, see the application's log")
        if failure.get("RollbackOperationId"):
            text += f" (MSF rolled it back with operation {failure['RollbackOperationId']})"
        return text


def _detail(described: dict[str, Any]) -> ApplicationDetail:
    configuration = described.get("ApplicationConfigurationDescription", {})
    encryption = configuration.get("ApplicationEncryptionConfigurationDescription", {})
    snapshots = configuration.get("ApplicationSnapshotConfigurationDescription", {})
    return ApplicationDetail(
        name=described["ApplicationName"],
        arn=described["ApplicationARN"],
        runtime_environment=described["RuntimeEnvironment"],
        status=ApplicationStatus(described["ApplicationStatus"]),
        version_id=described["ApplicationVersionId"],
        conditional_token=described.get("ConditionalToken"),
        encryption=ApplicationEncryption.described(
            encryption.get("KeyType"), encryption.get("KeyId"), application_arn=described["ApplicationARN"]
        ),
        # MSF enables snapshots where nothing is said.
        snapshots_enabled=snapshots.get("SnapshotsEnabled", True),
        enhanced_snapshots=snapshots.get("SnapshotMode") == _ENHANCED,
        revision=_revision(described, configuration),
        rolled_back_from=described.get("ApplicationVersionRolledBackFrom"),
    )


def _revision(described: dict[str, Any], configuration: dict[str, Any]) -> Revision | None:
    content = configuration.get("ApplicationCodeConfigurationDescription", {}).get("CodeContentDescription", {})
    location = content.get("S3ApplicationCodeLocationDescription")
    if location is None:
        return None
    return Revision(
        code_bucket_arn=location["BucketARN"],
        code_key=location["FileKey"],
        code_version=location.get("ObjectVersion", ""),
        runtime_environment=described["RuntimeEnvironment"],
    )
