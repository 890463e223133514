"""Every request to MSF about one application.

End states. A request that is refused changes nothing. An accepted one goes on by itself, also if its caller is killed:
``describe`` tells where it ended. ``wait_until_steady`` gives up after its time and leaves the application as it is.

An accepted change of the encryption of a stopped application is in force at once, and used from the next start. For a
running application MSF takes a snapshot under the old key and restarts from it (managed-flink, key-management-flink).
Where that operation fails, the application is RUNNING under the old key if system rollback is enabled, else READY.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.errors import ControlError, code_of, explained
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.retries import PROPAGATION_SECONDS, call_with_retry
from cdk_penstock.model.deployment import Operation
from cdk_penstock.model.keys import KeyUse, LifecycleOperation, keys_involved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cdk_penstock.control.clients import Clock, FlinkClient
    from cdk_penstock.model.keys import KeyAssignment, Snapshot

_BUSY_CODES: Final = ("ResourceInUseException", "ConcurrentModificationException")
"""The application changed since it was looked at: look again, and decide again."""

_STEADY_TIMEOUT_SECONDS: Final = 20 * 60.0
_POLL_SECONDS: Final = 10.0
_ATTEMPTS: Final = 5


class Progress(Enum):
    """The progress of a change of encryption."""

    THERE = "the application is configured as wanted"
    BUSY = "the application is on its way to another status"
    REQUESTED = "MSF has accepted the update"


class ApplicationControl:
    """The operations of one application, as its operator.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2`` with the operator's credentials.
    name
        The application's name.
    clock
        The time.
    """

    def __init__(self, client: FlinkClient, name: str, *, clock: Clock) -> None:
        self._client = client
        self.name = name
        self.clock = clock

    @property
    def client(self) -> FlinkClient:
        """The client, for what else the operator does with the application."""
        return self._client

    def describe(self) -> ApplicationDetail:
        """Return the application; raise ApplicationMissingError where there is none."""
        answer = call_with_retry(
            lambda: self._client.describe_application(ApplicationName=self.name),
            action=f"describe application {self.name}",
            clock=self.clock,
        )
        return ApplicationDetail.parse(answer["ApplicationDetail"])

    def wait_until_steady(self, timeout_seconds: float = _STEADY_TIMEOUT_SECONDS) -> ApplicationDetail:
        """Return the application as soon as its status lasts; raise ControlError where that takes too long."""
        end = self.clock.now() + timedelta(seconds=timeout_seconds)
        while True:
            detail = self.describe()
            if detail.is_steady:
                return detail
            if self.clock.now() >= end:
                raise ControlError(
                    f"application {self.name} is still {detail.status} after {timeout_seconds:.0f} s and was left so:"
                    " see its log; if it is stuck, stop it with force, which loses what is newer than its last"
                    " snapshot, then run this again"
                )
            self.clock.sleep(_POLL_SECONDS)

    def start(self) -> bool:
        """Start from the latest snapshot; False where the state changed meanwhile: describe it, and decide again."""
        configuration = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}}
        return self._request(
            lambda: self._client.start_application(ApplicationName=self.name, RunConfiguration=configuration),
            f"start application {self.name}",
            keys=self.describe().encryption.keys,
        )

    def stop(self, *, force: bool = False) -> bool:
        """Stop with a snapshot, or with force without one; False where the state changed meanwhile."""
        request: dict[str, Any] = {"Force": True} if force else {}
        return self._request(
            lambda: self._client.stop_application(ApplicationName=self.name, **request),
            f"stop application {self.name}",
            keys=self.describe().encryption.keys,
        )

    def change_encryption(self, target: KeyAssignment, *, since: datetime | None = None) -> Progress:
        """Ask MSF for this encryption, unless the application has it or is busy; return at once.

        A concurrent change by another caller is never overwritten: the update carries the token of the description that
        it was decided on, and is decided again where MSF refuses that token.

        With ``since``, an update that began at or after it and did not end as wanted is not asked for again, which
        would only restart the application once more. It raises ControlError where MSF failed it, also if the
        application is then configured as wanted but stopped, and ControlError where MSF describes another encryption.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            detail = self.describe()
            if not detail.is_steady:
                return Progress.BUSY
            if since is not None:
                self._check_earlier_attempt(detail, target, since)
            if detail.encryption == target:
                return Progress.THERE
            detail.check_encryption_change(target)
            keys = keys_involved(LifecycleOperation.UPDATE, KeyUse(configured=detail.encryption, new=target))
            request = detail.encryption_update(target)
            try:
                call_with_retry(
                    lambda request=request: self._client.update_application(**request),  # type: ignore[misc]
                    action=f"change application {detail.name} from {detail.encryption} to {target}",
                    clock=self.clock,
                    keys=keys,
                    reraise_codes=_BUSY_CODES,
                )
            except ClientError as error:
                if code_of(error) == "ResourceInUseException":
                    return Progress.BUSY
                if attempt == _ATTEMPTS:
                    raise explained(error, action=f"change application {detail.name}", keys=keys) from error
            else:
                return Progress.REQUESTED
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _check_earlier_attempt(self, detail: ApplicationDetail, target: KeyAssignment, since: datetime) -> None:
        where = f"the application is {detail.status} under {detail.encryption}, wanted was {target}"
        for operation in self.operations(since=since):
            if operation.name != "UpdateApplication":
                continue
            if operation.failed:
                reason = self.reason_of(operation)
                raise ControlError(
                    f"MSF accepted the change of key of {detail.name} and then failed it: {reason}; {where}"
                )
            if operation.succeeded and detail.encryption != target:
                raise ControlError(
                    f"MSF reports the update of {detail.name} as successful, but {where}: look for a concurrent"
                    " UpdateApplication in CloudTrail, then deploy again"
                )

    def create_snapshot(self, name: str) -> bool:
        """Ask for a snapshot; False if one of that name exists, or the application is not in a state for it."""
        return self._request(
            lambda: self._client.create_application_snapshot(ApplicationName=self.name, SnapshotName=name),
            f"take snapshot {name} of {self.name}",
        )

    def delete_snapshot(self, snapshot: Snapshot) -> bool:
        """Delete a snapshot, which may be gone already; False while MSF is busy with the application."""
        try:
            call_with_retry(
                lambda: self._client.delete_application_snapshot(
                    ApplicationName=self.name,
                    SnapshotName=snapshot.name,
                    SnapshotCreationTimestamp=snapshot.created_at,
                ),
                action=f"delete snapshot {snapshot.name} of {self.name}",
                clock=self.clock,
                keys=snapshot.encryption.keys,
                reraise_codes=(*_BUSY_CODES, "ResourceNotFoundException"),
            )
        except ClientError as error:
            return code_of(error) not in _BUSY_CODES
        return True

    def list_snapshots(self) -> Iterator[dict[str, Any]]:
        """Yield every SnapshotSummary."""
        request: dict[str, Any] = {"ApplicationName": self.name, "Limit": 50}
        while True:
            page = call_with_retry(
                lambda: self._client.list_application_snapshots(**request),
                action=f"list the snapshots of {self.name}",
                clock=self.clock,
            )
            yield from page.get("SnapshotSummaries", ())
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _request(self, call: Callable[[], object], action: str, *, keys: Iterable[str] = ()) -> bool:
        try:
            call_with_retry(call, action=action, clock=self.clock, keys=keys, reraise_codes=_BUSY_CODES)
        except ClientError:
            return False
        return True

    def operations(
        self, *, since: datetime | None = None, propagation_seconds: float = PROPAGATION_SECONDS
    ) -> list[Operation]:
        """Return the application's operations, of any kind and order, that began at or after a moment."""
        found = entries_of_pages(
            self._client.list_application_operations,
            "ApplicationOperationInfoList",
            action=f"list the operations of {self.name}",
            clock=self.clock,
            propagation_seconds=propagation_seconds,
            ApplicationName=self.name,
        )
        operations = (
            Operation(
                operation_id=each["OperationId"],
                name=each["Operation"],
                status=each["OperationStatus"],
                started_at=each["StartTime"],
                ended_at=each.get("EndTime", each["StartTime"]),
            )
            for each in found
        )
        return [each for each in operations if since is None or each.started_at >= since]

    def reason_of(self, operation: Operation) -> str:
        """Return what MSF says on why an operation failed."""
        try:
            answer = self._client.describe_application_operation(
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
