from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.promql import PromqlError, check_promql, is_duration
from tests.model.promql_cases import REFUSED, TAKEN, TAKEN_BY_PROMETHEUS_3


@pytest.mark.parametrize("expression", [*TAKEN, *TAKEN_BY_PROMETHEUS_3])
def test_promql_passes(expression: str) -> None:
    check_promql(expression)


@pytest.mark.parametrize(("expression", "problem"), REFUSED.items())
def test_an_obvious_mistake_in_promql_is_refused_with_its_position(expression: str, problem: str) -> None:
    with pytest.raises(PromqlError) as error:
        check_promql(expression)
    assert problem in str(error.value)


@given(st.text(alphabet="ab(){}[]\"'`\\#\n 5m:"))
def test_any_text_passes_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(PromqlError):
        check_promql(text)


@pytest.mark.parametrize("text", ["5m", "1h30m", "2d", "1y2w3d4h5m6s7ms", "0", "100ms"])
def test_durations_of_prometheus(text: str) -> None:
    assert is_duration(text)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5min", "30m1h", "5m5m", "-5m", "1.5h", "PT5M"])
def test_no_durations_of_prometheus(text: str) -> None:
    assert not is_duration(text)
