"""The plan that Flink makes of the SQL, with the connectors of a deployed job."""

from __future__ import annotations

import pytest
from plan import Plan, groups, translate

# State is restored by these ids. If a change of the SQL changes them, windows that are open in a snapshot are lost when
# the job is updated: see "Changing the job" in docs/job.md, then put the new ids here.
WINDOW_STATE_IDS = {"e9f4e42c9fca1e307e70533635204b32", "5e75789e2077bfad2525d62c6831eca0"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return translate(groups())


def test_no_operator_serialises_with_kryo(plan: Plan) -> None:
    serializers = {name for operator in plan.operators for name in operator.serializers}
    assert serializers
    assert not [name for name in serializers if "kryo" in name.lower()]


def test_a_type_that_needs_kryo_would_fail_the_job(plan: Plan) -> None:
    assert plan.generic_types_disabled


def test_no_operator_runs_python(plan: Plan) -> None:
    assert not [operator.name for operator in plan.operators if "python" in operator.name.lower()]


def test_the_topic_is_read_once_for_both_outputs(plan: Plan) -> None:
    assert len([operator for operator in plan.operators if operator.name.startswith("Source:")]) == 1


def test_events_are_aggregated_before_they_are_exchanged(plan: Plan) -> None:
    kinds = [operator.name.split("[")[0] for operator in plan.operators]
    assert kinds.count("LocalWindowAggregate") == 2
    assert kinds.count("GlobalWindowAggregate") == 2


def test_state_that_outlives_a_window_has_a_uid(plan: Plan) -> None:
    uids = {operator.uid for operator in plan.operators if operator.uid}
    assert uids == {"events-source", "events-guard", "metrics-samples", "metrics"}


def test_open_windows_survive_an_update_of_the_job(plan: Plan) -> None:
    ids = {operator.id for operator in plan.operators if operator.name.startswith("GlobalWindow")}
    assert ids == WINDOW_STATE_IDS


def test_properties_do_not_change_where_state_is_kept(plan: Plan) -> None:
    changed = translate(
        groups(
            job={"window.seconds": "60", "state.ttl.ms": "1000"},
            input_events={"topic": "other", "authentication": "iam", "watermark.alignment.max.drift.ms": "60000"},
            output_prometheus={"request.signer": "amp", "region": "eu-west-1"},
        )
    )
    assert {operator.id for operator in changed.operators} == {operator.id for operator in plan.operators}


def test_a_window_longer_than_an_hour_is_valid() -> None:
    assert translate(groups(job={"window.seconds": "86400"})).operators
