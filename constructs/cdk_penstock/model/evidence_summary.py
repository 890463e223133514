"""A page of Markdown that tells what the collected evidence of an application says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.collected_evidence import FLINK, LOG
from cdk_penstock.model.job_overview import JobOverview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.collected_evidence import Evidence

_MOST_OPERATIONS: Final = 10
_MOST_ERRORS: Final = 20
_ERROR: Final = re.compile(r"\S+Z ERROR ")
_UNFIT: Final = "has another form than expected, see its file"


def evidence_summary(evidence: Evidence) -> str:
    """Return the summary; a part whose document has another form than expected says so."""
    parts = [
        ("Application", _application),
        ("Newest operations", _operations),
        ("Job", _jobs),
        ("Last errors in the log", _errors),
        ("Not read", _unread),
    ]
    lines = [f"# Evidence of {evidence.application}", "", f"Collected at {evidence.collected_at:%Y-%m-%d %H:%M:%SZ}."]
    for title, part in parts:
        lines += ["", f"## {title}", ""]
        try:
            lines += list(part(evidence)) or ["Nothing."]
        except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError):
            lines.append(f"The document {_UNFIT}.")
    return "\n".join(lines) + "\n"


def _application(evidence: Evidence) -> Iterator[str]:
    described = evidence.documents.get("application")
    if described is None:
        return
    yield f"- status: {described['ApplicationStatus']}"
    yield f"- version: {described['ApplicationVersionId']}"
    if "ApplicationVersionRolledBackFrom" in described:
        yield f"- rolled back from version: {described['ApplicationVersionRolledBackFrom']}"
    yield f"- runtime: {described['RuntimeEnvironment']}"
    yield f"- ARN: {described['ApplicationARN']}"
    configuration = described.get("ApplicationConfigurationDescription", {})
    key = configuration.get("ApplicationEncryptionConfigurationDescription", {})
    yield f"- key: {key.get('KeyId') or 'the AWS-owned key'}"
    snapshots = evidence.documents.get("snapshots")
    if snapshots is not None:
        ready = [each for each in snapshots if each["SnapshotStatus"] == "READY"]
        newest = max(ready, key=lambda each: str(each["SnapshotCreationTimestamp"]), default=None)
        shown = f", newest READY {newest['SnapshotName']} of {newest['SnapshotCreationTimestamp']}" if newest else ""
        yield f"- snapshots: {len(snapshots)}{shown}"


def _operations(evidence: Evidence) -> Iterator[str]:
    reasons = evidence.documents.get("failed-operations", {})
    for each in evidence.documents.get("operations", ())[:_MOST_OPERATIONS]:
        yield f"- {each['StartTime']} {each['Operation']} {each['OperationStatus']} ({each['OperationId']})"
        failure = reasons.get(each["OperationId"], {}).get("OperationFailureDetails", {})
        if failure:
            yield f"  - {_in_one_line(failure.get('ErrorInfo', {}).get('ErrorString', 'MSF gives no reason'))}"
        if failure.get("RollbackOperationId"):
            yield f"  - rolled back by {failure['RollbackOperationId']}"


def _jobs(evidence: Evidence) -> Iterator[str]:
    overview: Any = evidence.documents.get(f"{FLINK}/jobs", {})
    for job in overview.get("jobs", ()):
        place = f"{FLINK}/{job['jid']}"
        details, exceptions = (evidence.documents.get(f"{place}/{name}") for name in ("details", "exceptions"))
        if details is None:
            yield f"- {job['jid']} {job['state']}"
            continue
        job_overview = JobOverview.parse(
            evidence.collected_at,
            details=details,
            exceptions=exceptions or {},
            checkpoints=evidence.documents.get(f"{place}/checkpoints", {}),
            metrics=evidence.documents.get(f"{place}/metrics", []),
        )
        for name, value in job_overview.lines():
            yield f"- {name}: {_in_one_line(value)}"


def _errors(evidence: Evidence) -> Iterator[str]:
    texts = [text for name, text in evidence.documents.items() if name.startswith(LOG)]
    errors = [line for text in texts for line in text.splitlines() if _ERROR.match(line)]
    if errors:
        yield "```"
        # A line of the log could end the block.
        yield from (line.replace("```", "'''") for line in errors[-_MOST_ERRORS:])
        yield "```"


def _unread(evidence: Evidence) -> Iterator[str]:
    for each in evidence.unread:
        yield f"- {each.source}: {each.reason}"


def _in_one_line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())
