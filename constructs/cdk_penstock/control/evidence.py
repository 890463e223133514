"""Evidence of the state of an application: what a rollback or a forced stop would lose, and what a ticket needs.

Nothing is changed. A source that fails is named with its reason and hides no other one: no error leaves this module,
because a rollback must not wait for its evidence. Flink's REST API comes first, since its answers end with the cluster.
Secrets are masked in everything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.application_detail import ENHANCED_SNAPSHOTS
from cdk_penstock.control.application_log_reader import ApplicationLogReader
from cdk_penstock.control.application_look import snapshot_summaries
from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.control.flink_sources import flink_sources
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.presigned_url import new_dashboard_url
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.collected_evidence import FLINK, LOG, Evidence, Unread, as_json
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.log_lines import log_streams
from cdk_penstock.model.secrets import mask_secrets, mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cdk_penstock.control.clients import Clock, FlinkClient, LogsClient, Response

_SECONDS: Final = 20.0
_REST_TIMEOUT_SECONDS: Final = 5.0
_MOST_OPERATIONS: Final = 50
_MOST_FAILURES: Final = 10
_MOST_SNAPSHOTS: Final = 200
_MOST_VERSIONS_LISTED: Final = 500
_MOST_VERSIONS: Final = 5
_LOG_LINES: Final = 500


class EvidenceCollector:
    """Collects the evidence of one application, within seconds.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2``, with the operator's credentials.
    name
        The application's name.
    logs
        ``logs``, with the credentials of whoever may read the application's log; None to leave the log out.
    clock
        The time.
    timeout_seconds
        Time after which no other source is begun. Default: 20 seconds.
    """

    def __init__(
        self,
        client: FlinkClient,
        name: str,
        *,
        logs: LogsClient | None,
        clock: Clock,
        timeout_seconds: float = _SECONDS,
    ) -> None:
        self._client = client
        self._name = name
        self._logs = logs
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    def collect(self) -> Evidence:
        """Return all evidence that can be had. This never raises an error."""
        return _Collection(self._client, self._name, self._logs, self._clock, self._timeout_seconds).run()


class _Collection:
    """One collection, with what it has found so far."""

    def __init__(
        self, client: FlinkClient, name: str, logs: LogsClient | None, clock: Clock, timeout_seconds: float
    ) -> None:
        self._client = client
        self._name = name
        self._logs = logs
        self._clock = clock
        self._begin = clock.now()
        self._end = self._begin + timedelta(seconds=timeout_seconds)
        self._dashboard = FlinkDashboard(
            lambda: new_dashboard_url(client, name, clock=clock), timeout_seconds=_REST_TIMEOUT_SECONDS
        )
        self._documents: dict[str, Any] = {}
        self._unread: list[Unread] = []

    def run(self) -> Evidence:
        self._attempt(FLINK, self._read_flink)
        described = self._read("application", self._application)
        operations = self._read("operations", self._operations)
        if operations is not None:
            self._read("failed-operations", lambda: self._failed_operations(operations))
        self._attempt(LOG, lambda: self._read_logs(described))
        self._read("snapshots", lambda: self._snapshots(described or {}))
        self._read("versions", self._versions)
        return Evidence(
            application=self._name,
            collected_at=self._begin,
            documents=self._documents,
            unread=tuple(self._unread),
        )

    def _read(self, name: str, source: Callable[[], Any]) -> Any:
        """Keep the document of a source and return it, unmasked; None if it cannot be read."""
        if self._clock.now() >= self._end:
            self._unread.append(Unread(source=name, reason="left out: the time for the collection was over"))
            return None
        return self._attempt(name, lambda: self._keep(name, source()))

    def _keep(self, name: str, found: Any) -> Any:
        self._documents[name] = mask_secrets(as_json(found))
        return found

    def _attempt(self, name: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - no fault of a source may stop the rollback that waits for this
            self._unread.append(Unread(source=name, reason=mask_text(_reason(error))))
            return None

    def _ask(self, call: Callable[[], Response], action: str) -> Response:
        return call_with_retry(call, action=f"{action} {self._name}", clock=self._clock, propagation_seconds=0)

    # Flink

    def _read_flink(self) -> None:
        jobs = self._read(f"{FLINK}/jobs", lambda: self._dashboard.get("/jobs/overview"))
        # Without jobs, one reason is enough: each other answer would be waited for in vain.
        if jobs is not None:
            for name, source in flink_sources(self._dashboard, jobs):
                self._read(f"{FLINK}/{name}", source)

    # MSF

    def _application(self) -> Any:
        return self._ask(
            lambda: self._client.describe_application(ApplicationName=self._name, IncludeAdditionalDetails=True),
            "describe application",
        )["ApplicationDetail"]

    def _operations(self) -> Any:
        found = entries_of_pages(
            self._client.list_application_operations,
            "ApplicationOperationInfoList",
            action=f"list the operations of {self._name}",
            clock=self._clock,
            propagation_seconds=0,
            ApplicationName=self._name,
        )
        return _newest(found, "StartTime", _MOST_OPERATIONS)

    def _failed_operations(self, operations: list[dict[str, Any]]) -> Any:
        failed = [each["OperationId"] for each in operations if each["OperationStatus"] in {"FAILED", "CANCELLED"}]
        return {
            operation_id: self._ask(
                lambda operation_id=operation_id: self._client.describe_application_operation(  # type: ignore[misc]
                    ApplicationName=self._name, OperationId=operation_id
                ),
                "describe an operation of",
            )["ApplicationOperationInfoDetails"]
            for operation_id in failed[:_MOST_FAILURES]
        }

    def _snapshots(self, described: Mapping[str, Any]) -> Any:
        configuration = described.get("ApplicationConfigurationDescription", {})
        mode = configuration.get("ApplicationSnapshotConfigurationDescription", {}).get("SnapshotMode")
        found = snapshot_summaries(self._client, self._name, are_enhanced=mode == ENHANCED_SNAPSHOTS, clock=self._clock)
        return _newest(found, "SnapshotCreationTimestamp", _MOST_SNAPSHOTS)

    def _versions(self) -> Any:
        found = entries_of_pages(
            self._client.list_application_versions,
            "ApplicationVersionSummaries",
            action=f"list the versions of {self._name}",
            clock=self._clock,
            propagation_seconds=0,
            ApplicationName=self._name,
        )
        summaries = _newest(found, "ApplicationVersionId", _MOST_VERSIONS_LISTED)
        details = [
            self._ask(
                lambda number=each["ApplicationVersionId"]: self._client.describe_application_version(  # type: ignore[misc]
                    ApplicationName=self._name, ApplicationVersionId=number
                ),
                "describe a version of",
            )["ApplicationVersionDetail"]
            for each in summaries[:_MOST_VERSIONS]
        ]
        return {"summaries": summaries, "newest": details}

    # CloudWatch Logs

    def _read_logs(self, described: Mapping[str, Any] | None) -> None:
        if self._logs is None:
            return
        if described is None:
            raise ControlError("the description of the application, which names the log, could not be read")
        streams = log_streams(described)
        if not streams:
            raise ControlError("the application has no CloudWatch logging option")
        reader = ApplicationLogReader(self._logs, clock=self._clock)
        for number, stream in enumerate(streams, start=1):
            name = LOG if len(streams) == 1 else f"{LOG}-{number}"
            self._read(
                name,
                lambda stream=stream: "\n".join(  # type: ignore[misc]
                    str(line) for line in reader.last_lines(stream, _LOG_LINES)
                ),
            )


def _newest(entries: Iterable[dict[str, Any]], member: str, most: int) -> list[dict[str, Any]]:
    """Return the newest entries, the newest first: MSF promises no order."""
    return sorted(entries, key=lambda each: each[member], reverse=True)[:most]


def _reason(error: Exception) -> str:
    """Return the reason in one line; an error that is not penstock's may say too little by itself."""
    text = str(error) if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
