from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.collected_evidence import Evidence, Unread, as_json
from cdk_penstock.model.evidence_summary import evidence_summary
from tests.control.fake_flink import FakeFlink

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
APPLICATION = {
    "ApplicationARN": "arn:aws:kinesisanalytics:eu-central-1:111122223333:application/vehicles",
    "ApplicationStatus": "RUNNING",
    "ApplicationVersionId": 4,
    "ApplicationVersionRolledBackFrom": 3,
    "RuntimeEnvironment": "FLINK-1_20",
    "ApplicationConfigurationDescription": {
        "ApplicationEncryptionConfigurationDescription": {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": "key-1"}
    },
}


def evidence(*unread: Unread, **documents: Any) -> Evidence:
    return Evidence(application="vehicles", collected_at=AT, documents=documents, unread=unread)


def test_the_application_is_told_with_key_rollback_and_newest_snapshot() -> None:
    snapshots = [
        {"SnapshotName": name, "SnapshotStatus": status, "SnapshotCreationTimestamp": time}
        for name, status, time in (("b", "READY", "2026-02"), ("a", "READY", "2026-01"), ("c", "FAILED", "2026-03"))
    ]
    text = evidence_summary(evidence(application=APPLICATION, snapshots=snapshots))
    for line in (
        "- rolled back from version: 3",
        "- key: key-1",
        "- snapshots: 3, newest READY b of 2026-02",
    ):
        assert f"{line}\n" in text
    assert "## Job\n\nNothing.\n" in text


def test_a_job_without_its_details_is_told_by_its_state() -> None:
    overview = FakeFlink("looping").answers["/jobs/overview"]
    text = evidence_summary(evidence(**{"flink/jobs": overview}))
    assert f"- {overview['jobs'][0]['jid']} RUNNING\n" in text


def test_a_system_rollback_is_named_below_the_operation_that_it_undid() -> None:
    operation = {"StartTime": "t", "Operation": "UpdateApplication", "OperationStatus": "FAILED", "OperationId": "1"}
    failure = {"OperationFailureDetails": {"RollbackOperationId": "2", "ErrorInfo": {"ErrorString": "a\n  b"}}}
    text = evidence_summary(evidence(operations=[operation], **{"failed-operations": {"1": failure}}))
    assert "- t UpdateApplication FAILED (1)\n  - a | b\n  - rolled back by 2\n" in text


def test_a_line_of_the_log_cannot_end_its_block() -> None:
    text = evidence_summary(evidence(log="2026-01-01T00:00:00.000Z ERROR Task: ```\n# A title"))
    assert text.count("```") == 2
    assert "# A title" not in text


def test_what_was_not_read_is_told_with_its_reason() -> None:
    text = evidence_summary(evidence(Unread(source="versions", reason="denied")))
    assert text.endswith("## Not read\n\n- versions: denied\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["jobs", "jid", "OperationId"]), inner),
    max_leaves=6,
)


@given(st.sampled_from(["application", "operations", "failed-operations", "snapshots", "flink/jobs"]), JSON)
def test_an_answer_of_any_form_has_a_summary(name: str, document: Any) -> None:
    documents = {"application": APPLICATION, "operations": [{"OperationId": "1"}], name: document}
    assert evidence_summary(evidence(**documents)).startswith("# Evidence of vehicles\n")


@given(JSON)
def test_a_document_becomes_strict_json(document: Any) -> None:
    json.dumps(as_json({"at": AT, "in": (document,), 7: object()}), allow_nan=False)


@pytest.mark.parametrize("timestamp", [10**30, -(10**30), "soon", None])
def test_a_job_with_an_impossible_time_has_a_summary(timestamp: Any) -> None:
    flink = FakeFlink("healthy")
    path = f"/jobs/{flink.job_id}"
    checkpoints = {"latest": {"completed": {"id": 1, "latest_ack_timestamp": timestamp}}}
    documents = {
        "flink/jobs": flink.answers["/jobs/overview"],
        f"flink/{flink.job_id}/details": flink.answers[path],
        f"flink/{flink.job_id}/checkpoints": checkpoints,
    }
    assert "has another form than expected" in evidence_summary(evidence(**documents))
