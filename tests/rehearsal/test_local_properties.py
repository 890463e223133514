"""Properties of jobs on Flink lead to servers of this machine, and nothing else of them changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.rehearsal.world.msf.local_servers import local_properties

BROKERS = "b-1.rehearsal.kafka.eu-central-1.amazonaws.com:9098,b-2.rehearsal.kafka.eu-central-1.amazonaws.com:9098"
WORKSPACE = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0a-1/api/v1/remote_write"
KAFKA, PROMETHEUS = "127.0.0.1:9092", "http://127.0.0.1:9090/api/v1/write"


@pytest.mark.parametrize(
    ("given_group", "expected"),
    [
        (
            {"bootstrap.servers": BROKERS, "topic": "events", "authentication": "iam"},
            {"bootstrap.servers": KAFKA, "topic": "events", "authentication": "none"},
        ),
        (
            {"bootstrap.servers": "boot-abc.c1.kafka-serverless.eu-central-1.amazonaws.com:9098"},
            {"bootstrap.servers": KAFKA},
        ),
        (
            {"remote.write.url": WORKSPACE, "request.signer": "amp", "region": "eu-central-1"},
            {"remote.write.url": PROMETHEUS, "request.signer": "none", "region": "eu-central-1"},
        ),
        ({"any name": BROKERS}, {"any name": KAFKA}),
    ],
)
def test_addresses_lead_to_the_servers_without_signatures(
    given_group: dict[str, str], expected: dict[str, str]
) -> None:
    moved = local_properties({"group": given_group}, bootstrap_servers=KAFKA, remote_write_url=PROMETHEUS)
    assert moved == {"group": expected}


@pytest.mark.parametrize(
    "group",
    [
        {"authentication": "iam", "stream.arn": "arn:aws:kinesis:eu-central-1:111122223333:stream/events"},
        {"bootstrap.servers": "kafka.example.com:9092", "authentication": "iam"},
        {"text": f"see {WORKSPACE}"},
        {"remote.write.url": "https://prometheus.example.com/workspaces/ws-1/api/v1/remote_write"},
    ],
)
def test_what_no_server_stands_for_stays(group: dict[str, str]) -> None:
    assert local_properties({"g": group}, bootstrap_servers=KAFKA, remote_write_url=PROMETHEUS) == {"g": group}


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.sampled_from([BROKERS, WORKSPACE, "iam", "other"]))))
def test_without_servers_nothing_changes(groups: dict[str, dict[str, str]]) -> None:
    assert local_properties(groups, bootstrap_servers=None, remote_write_url=None) == groups
