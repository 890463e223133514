"""Evidence of the state of an application: what a rollback or a forced stop would lose, and what a ticket needs.

Nothing is changed. A source that fails is named with its reason and hides no other one: no error leaves this module,
because a rollback must not wait for its evidence. Flink's REST API comes first, since its answers end with the cluster.
Secrets are masked in everything.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.application_log_reader import ApplicationLogReader
from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.presigned_url import new_dashboard_url
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.collected_evidence import FLINK, LOG, Evidence, Unread
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.log_lines import log_streams
from cdk_penstock.model.secrets import mask_secrets, mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.clients import Clock, FlinkClient, LogsClient, Response

_SECONDS: Final = 20.0
_REST_TIMEOUT_SECONDS: Final = 5.0
_MOST_OPERATIONS: Final = 50
_MOST_FAILURES: Final = 10
_MOST_SNAPSHOTS: Final = 200
_MOST_VERSIONS: Final = 5
_LOG_LINES: Final = 500
_JOB_ID: Final = re.compile(r"[0-9a-f]{32}")

_OF_A_JOB: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "exceptions": ("/exceptions", {"maxExceptions": "20"}),
    "details": ("", {}),
    "checkpoints": ("/checkpoints", {}),
    "metrics": ("/metrics", {"get": "numRestarts,fullRestarts,uptime,downtime"}),
    "plan": ("/plan", {}),
    "checkpoint-config": ("/checkpoints/config", {}),
    "config": ("/config", {}),
}
_OF_THE_CLUSTER: Final = {"jobmanager-config": "/jobmanager/config", "taskmanagers": "/taskmanagers"}


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
        self._read_flink()
        described = self._read("application", self._application)
        operations = self._read("operations", self._operations)
        if operations is not None:
            self._read("failed-operations", lambda: self._failed_operations(operations))
        self._read_logs(described or {})
        self._read("snapshots", self._snapshots)
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
        try:
            found = source()
            self._documents[name] = mask_secrets(_plain(found))
        except Exception as error:  # noqa: BLE001 - no fault of a source may stop the rollback that waits for this
            self._unread.append(Unread(source=name, reason=mask_text(_reason(error))))
            return None
        return found

    def _ask(self, call: Callable[[], Response], action: str) -> Response:
        return call_with_retry(call, action=f"{action} {self._name}", clock=self._clock, propagation_seconds=0)

    # Flink

    def _read_flink(self) -> None:
        jobs = self._read(f"{FLINK}/jobs", lambda: self._dashboard.get("/jobs/overview"))
        if jobs is None:
            # One reason is enough: each other answer would be waited for in vain.
            return
        # The path of a file is made of the id.
        ids = [job["jid"] for job in jobs.get("jobs", ()) if _JOB_ID.fullmatch(str(job.get("jid")))]
        for job_id in ids:
            for name, (path, parameters) in _OF_A_JOB.items():
                self._read(
                    f"{FLINK}/{job_id}/{name}",
                    lambda path=path, parameters=parameters, job_id=job_id: self._dashboard.get(  # type: ignore[misc]
                        f"/jobs/{job_id}{path}", parameters
                    ),
                )
        for name, path in _OF_THE_CLUSTER.items():
            self._read(f"{FLINK}/{name}", lambda path=path: self._dashboard.get(path))  # type: ignore[misc]

    # MSF

    def _application(self) -> Any:
        return self._ask(
            lambda: self._client.describe_application(ApplicationName=self._name, IncludeAdditionalDetails=True),
            "describe application",
        )["ApplicationDetail"]

    def _operations(self) -> Any:
        return self._ask(
            lambda: self._client.list_application_operations(ApplicationName=self._name, Limit=_MOST_OPERATIONS),
            "list the operations of",
        )["ApplicationOperationInfoList"]

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

    def _snapshots(self) -> Any:
        found = entries_of_pages(
            self._client.list_application_snapshots,
            "SnapshotSummaries",
            action=f"list the snapshots of {self._name}",
            clock=self._clock,
            propagation_seconds=0,
            ApplicationName=self._name,
        )
        return [each for _, each in zip(range(_MOST_SNAPSHOTS), found, strict=False)]

    def _versions(self) -> Any:
        found = entries_of_pages(
            self._client.list_application_versions,
            "ApplicationVersionSummaries",
            action=f"list the versions of {self._name}",
            clock=self._clock,
            propagation_seconds=0,
            ApplicationName=self._name,
        )
        summaries = sorted(found, key=lambda each: -int(each["ApplicationVersionId"]))
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

    def _read_logs(self, described: Mapping[str, Any]) -> None:
        if self._logs is None:
            return
        streams = log_streams(described)
        if described and not streams:
            self._unread.append(Unread(source=LOG, reason="the application has no CloudWatch logging option"))
        reader = ApplicationLogReader(self._logs, clock=self._clock)
        for number, stream in enumerate(streams, start=1):
            name = LOG if len(streams) == 1 else f"{LOG}-{number}"
            self._read(
                name,
                lambda stream=stream: "\n".join(  # type: ignore[misc]
                    str(line) for line in reader.last_lines(stream, _LOG_LINES)
                ),
            )


def _reason(error: Exception) -> str:
    """Return the reason in one line; an error that is not penstock's may say too little by itself."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        text = f"AWS answered {answer.get('Code', 'an error')}: {answer.get('Message', '')}"
    elif isinstance(error, PenstockError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def _plain(value: Any) -> Any:
    """Return a value without what JSON does not have."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
