"""Metric math on AWS's examples, what is refused, and that any text passes or is refused in words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError
from cdk_penstock.model.alarm_evaluation.math_functions import Periods
from cdk_penstock.model.alarm_evaluation.math_syntax import parse_expression
from cdk_penstock.model.alarm_evaluation.math_values import Series
from cdk_penstock.model.alarm_evaluation.metric_math import MathScope
from tests.model.alarm_evaluation.documented_alarms import METRIC_MATH, MORE_METRIC_MATH

PERIOD_SECONDS = 60


def values(text: str) -> tuple[float | None, ...]:
    return tuple(None if each == "-" else float(each) for each in text.split())


def result(expression: str, *series: str) -> tuple[float | None, ...]:
    metrics = {f"m{index}": Series(values(each)) for index, each in enumerate(series, 1)}
    count = len(values(series[0]))
    periods = Periods(tuple(PERIOD_SECONDS * index for index in range(count)), PERIOD_SECONDS)
    expressions = {"e1": parse_expression("m1 * 2")}
    return MathScope(periods, metrics, expressions).series(parse_expression(expression)).values


@pytest.mark.parametrize(("expression", "series", "expected"), [*METRIC_MATH, *MORE_METRIC_MATH])
def test_expressions_give_what_aws_documents(expression: str, series: tuple[str, ...], expected: str) -> None:
    assert result(expression, *series) == values(expected)


def test_an_expression_reads_another_one_and_metrics_leaves_it_out() -> None:
    assert result("e1 + SUM(METRICS())", "1 2") == (3.0, 6.0)


@pytest.mark.parametrize(
    ("expression", "problem"),
    {
        "SEARCH('{AWS/KinesisAnalytics}', 'Sum')": "SEARCH cannot be evaluated: CloudWatch takes no alarm on a search",
        "ANOMALY_DETECTION_BAND(m1)": "ANOMALY_DETECTION_BAND cannot be evaluated",
        "MEDIAN(m1)": "metric math function 'MEDIAN' is not known here: use one of ABS,",
        "m7": "no metric of the alarm has the Id 'm7'",
        "MAX(m1)": "an alarm watches one time series, and its expression gives a number",
        "METRICS()": "an alarm watches one time series, and its expression gives an array of time series",
        "PERIOD(e1) * m1": "PERIOD takes the Id of a metric",
        "[m1, m2] + [m1, m2]": "an operator takes one array of time series",
        "[1, m1]": "an array holds time series, got the number 1.0",
        "DIFF(5)": "expected a time series or an array of them, got the number 5.0",
        "FILL(m1)": "FILL takes time series, and a number",
        "FILL(m1, FORWARD)": "metric math function 'FORWARD' is not known here",
        "IF(m1)": "IF takes a condition and one or two values, got 1 arguments",
        "IF(METRICS(), 1, 0)": "IF takes numbers and time series",
        "ABS(m1, m2)": "ABS takes one argument, got 2",
        "METRICS(m1)": "METRICS takes no argument or a text",
        "TIME_SERIES(m1)": "TIME_SERIES takes a number",
        "m1 +": "at character 5 of 'm1 +', got the end",
        "m1 % 2": "has '%' at character 4",
        "(m1": "expected ')' at character 4",
        "m1 m2": "expected the end at character 4",
        "'text'": "a text such as 'text' is an argument of METRICS only",
        "": "got the end",
    }.items(),
)
def test_what_an_alarm_cannot_use_is_refused(expression: str, problem: str) -> None:
    with pytest.raises(AlarmEvaluationError) as error:
        result(expression, "1 2", "1 2")
    assert problem in str(error.value)


@given(st.text(alphabet="m12()[],+-*/^<>=&|. ABSIFDR\"'"))
def test_any_text_passes_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(AlarmEvaluationError):
        result(text, "1 2", "- 3")


NUMBERS = st.lists(st.none() | st.integers(-9, 9).map(float), min_size=5, max_size=5).map(tuple)


@given(NUMBERS)
def test_differences_and_gaps_obey_their_laws(series: tuple[float | None, ...]) -> None:
    text = " ".join("-" if each is None else str(each) for each in series)
    present = [each for each in series if each is not None]
    # The differences of a counter sum up to its last value without the first.
    differences = [each for each in result("DIFF(m1)", text) if each is not None]
    assert sum(differences) == (present[-1] - present[0] if present else 0)
    for way in ("0", "REPEAT", "LINEAR"):
        filled = result(f"FILL(m1, {way})", text)
        # Filling changes no value that is there, and filling again changes nothing.
        assert all(new == old for new, old in zip(filled, series, strict=True) if old is not None)
        again = result(f"FILL(FILL(m1, {way}), {way})", text)
        assert again == filled
