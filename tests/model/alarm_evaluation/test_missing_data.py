"""AWS's tables of missing data, and the laws of the evaluation of data points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.datapoint_rules import EXTRA_DATA_POINTS, MissingDataTreatment, state_of
from tests.model.alarm_evaluation.documented_alarms import BEFORE, MISSING_DATA

BREACHES = {"0": False, "X": True, "-": None}
POINTS = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=8)
STATES = st.sampled_from(AlarmState)
TREATMENTS = st.sampled_from(MissingDataTreatment)


def evaluated(
    points: list[bool | None], m: int, n: int, treatment: MissingDataTreatment, before: AlarmState
) -> AlarmState:
    return state_of(points, evaluation_periods=n, datapoints_to_alarm=m, treatment=treatment, before=before)


@pytest.mark.parametrize(("points", "m", "states"), MISSING_DATA)
@pytest.mark.parametrize("before", AlarmState)
def test_missing_data_is_treated_as_in_the_tables_of_aws(
    points: str, m: int, states: tuple[str, ...], before: AlarmState
) -> None:
    assert len(points) == 3 + EXTRA_DATA_POINTS
    breaches = [BREACHES[each] for each in points]
    got = [evaluated(breaches, m, 3, treatment, before) for treatment in MissingDataTreatment]
    assert got == [before if state == BEFORE else state for state in states]


@given(points=st.lists(st.booleans(), min_size=4, max_size=8), m=st.integers(1, 4), treatment=TREATMENTS, before=STATES)
def test_without_missing_data_the_treatments_agree_and_only_n_data_points_count(
    points: list[bool], m: int, treatment: MissingDataTreatment, before: AlarmState
) -> None:
    breaching = sum(points[-4:]) >= m
    assert evaluated(list(points), m, 4, treatment, before) == (AlarmState.ALARM if breaching else AlarmState.OK)


@given(points=POINTS, m=st.integers(1, 4), treatment=TREATMENTS, before=STATES)
def test_missing_data_that_breaches_is_the_worst_and_that_does_not_is_the_best(
    points: list[bool | None], m: int, treatment: MissingDataTreatment, before: AlarmState
) -> None:
    got = evaluated(points, m, 4, treatment, before)
    if evaluated(points, m, 4, MissingDataTreatment.NOT_BREACHING, before) is AlarmState.ALARM:
        assert got is AlarmState.ALARM
    if evaluated(points, m, 4, MissingDataTreatment.BREACHING, before) is AlarmState.OK:
        assert got is not AlarmState.ALARM or before is AlarmState.ALARM


@given(points=POINTS, m=st.integers(1, 4), treatment=TREATMENTS, before=STATES)
def test_what_asks_for_more_breaches_does_not_alarm_sooner(
    points: list[bool | None], m: int, treatment: MissingDataTreatment, before: AlarmState
) -> None:
    if evaluated(points, m, 4, treatment, before) is not AlarmState.ALARM and m < 4:
        assert evaluated(points, m + 1, 4, treatment, before) is not AlarmState.ALARM
