"""Alarms over histories: when they fire and clear, whose actions tell of it, and the laws of time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError, AlarmState
from cdk_penstock.model.alarm_evaluation.alarm_timeline import AlarmTimeline, evaluate
from cdk_penstock.model.alarm_evaluation.composite_alarm import CompositeAlarm
from cdk_penstock.model.alarm_evaluation.composite_rule import AlarmRule
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from cdk_penstock.model.alarm_evaluation.metric_samples import Metric, MetricHistory, Sample
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of

Values = list[float | None]
PROPERTIES: dict[str, Any] = {
    "Namespace": "N",
    "MetricName": "load",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 3,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
VALUES = st.lists(st.none() | st.integers(0, 6).map(float), min_size=1, max_size=12)
TREATMENTS = st.sampled_from(["missing", "ignore", "breaching", "notBreaching"])


def history(values: Values, name: str = "load") -> MetricHistory:
    """Return a history with one value a minute, in the middle of it."""
    samples = [Sample(60 * index + 30, each) for index, each in enumerate(values) if each is not None]
    return MetricHistory({Metric("N", name): samples})


def over(values: Values, **properties: Any) -> AlarmTimeline:
    alarm = MetricAlarm.from_properties({**PROPERTIES, **properties})
    return evaluate({"a": alarm}, history(values), begin_seconds=60, end_seconds=60 * len(values))["a"]


def minutes(timeline: AlarmTimeline) -> list[tuple[int, str]]:
    return [(change.at_seconds // 60, str(change.state)) for change in timeline.changes]


def test_the_alarm_of_the_figure_of_aws_fires_after_three_breaches_and_clears_at_the_next_value() -> None:
    # AmazonCloudWatch, alarm-evaluation: breaches in periods 3 to 5, and a single one in period 9.
    assert minutes(over([1, 2, 4, 5, 4, 3, 2, 2, 5, 1])) == [(1, "OK"), (5, "ALARM"), (6, "OK")]


def test_an_alarm_of_five_minutes_is_evaluated_each_minute_on_the_last_five() -> None:
    found = over([0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0], Period=300, EvaluationPeriods=1)
    assert minutes(found) == [(1, "OK"), (6, "ALARM"), (11, "OK")]


def test_a_metric_that_stops_is_evaluated_again_until_it_leaves_the_evaluation_range() -> None:
    stopped: Values = [0, 9, None, None, None, None]
    assert minutes(over(stopped, EvaluationPeriods=1)) == [(1, "OK"), (2, "ALARM"), (5, "OK")]


@pytest.mark.parametrize(
    ("statistic", "state"),
    [
        ("Maximum", "ALARM"),
        ("Minimum", "OK"),
        ("Average", "OK"),
        ("Sum", "ALARM"),
        ("SampleCount", "OK"),
        ("p50", "OK"),
    ],
)
def test_statistics_of_several_samples_in_a_period(statistic: str, state: str) -> None:
    samples = [Sample(second, value) for second, value in ((1, 1.0), (20, 1.0), (40, 4.0))]
    name = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    properties = {key: value for key, value in PROPERTIES.items() if key != "Statistic"}
    alarm = MetricAlarm.from_properties({**properties, name: statistic, "EvaluationPeriods": 1})
    found = evaluate({"a": alarm}, MetricHistory({Metric("N", "load"): samples}), begin_seconds=60, end_seconds=60)
    assert [str(change.state) for change in found["a"].changes] == [state]


def test_an_alarm_on_the_difference_of_a_counter_is_quiet_when_the_counter_begins_again() -> None:
    restarts: dict[str, Any] = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 2,
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {
                "Id": "restarts",
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": "load"},
                    "Stat": "Maximum",
                    "Period": 60,
                },
            },
            {"Id": "e1", "Expression": "DIFF(restarts)"},
        ],
    }
    alarm = {"a": MetricAlarm.from_properties(restarts)}
    values: Values = [5, 5, 6, 7, 8, 0, 0, 1, 1]
    found = evaluate(alarm, history(values), begin_seconds=60, end_seconds=60 * len(values))["a"]
    assert minutes(found) == [(1, "OK"), (4, "ALARM"), (6, "OK")]


@given(values=VALUES, treatment=TREATMENTS, kept=st.integers(1, 12))
def test_what_comes_later_does_not_change_what_was(values: Values, treatment: str, kept: int) -> None:
    whole = over(values, TreatMissingData=treatment).changes
    part = over(values[:kept], TreatMissingData=treatment).changes
    assert whole[: len(part)] == part


@given(values=VALUES, treatment=TREATMENTS.filter(lambda each: each != "missing"))
def test_a_higher_threshold_does_not_fire_sooner(values: Values, treatment: str) -> None:
    low, high = (over(values, Threshold=each, TreatMissingData=treatment).times(AlarmState.ALARM) for each in (2, 4))
    assert not high or (low and low[0] <= high[0])


@given(values=st.lists(st.integers(0, 6).map(float), min_size=4, max_size=12), treatment=TREATMENTS)
def test_without_gaps_the_treatments_of_missing_data_agree_once_the_range_is_full(
    values: list[float], treatment: str
) -> None:
    full = [*[0.0] * 5, *values]
    first = evaluate_from(full, treatment)
    assert first == evaluate_from(full, "notBreaching")


def evaluate_from(values: list[float], treatment: str) -> list[tuple[int, str]]:
    alarm = MetricAlarm.from_properties({**PROPERTIES, "TreatMissingData": treatment})
    found = evaluate({"a": alarm}, history(list(values)), begin_seconds=300, end_seconds=60 * len(values))
    return minutes(found["a"])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "watches the band of an anomaly detector"),
        ({"Statistic": "IQM"}, "statistic 'IQM' cannot be evaluated here: use one of Average"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm is from 1 to EvaluationPeriods (3), got 4"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "EvaluateLowSampleCountPercentile 'ignore'"),
        ({"Metrics": [{"Id": "e1", "Expression": "1"}]}, "the metrics of an alarm have one period, got []"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(AlarmEvaluationError) as error:
        MetricAlarm.from_properties({**PROPERTIES, **changes})
    assert problem in str(error.value)


STATE_SETS = st.fixed_dictionaries(dict.fromkeys("abc", st.sampled_from(AlarmState)))


@pytest.mark.parametrize(
    ("rule", "states", "holds"),
    [
        ("ALARM(CPU) AND ALARM(Disk)", "AA", True),
        ("ALARM(CPU) AND ALARM(Disk)", "AO", False),
        ("ALARM(CPU) AND NOT ALARM(Disk)", "AO", True),
        ("ALARM(CPU) AND NOT ALARM(Disk)", "AA", False),
        ('(ALARM("CPU") OR ALARM("Disk")) AND OK("CPU")', "OA", True),
        ("INSUFFICIENT_DATA(CPU) OR TRUE AND FALSE", "AA", False),
        ("INSUFFICIENT_DATA(CPU)", "IA", True),
        ("NOT NOT TRUE", "OO", True),
    ],
)
def test_rules_of_composite_alarms(rule: str, states: str, *, holds: bool) -> None:
    names = {"A": AlarmState.ALARM, "O": AlarmState.OK, "I": AlarmState.INSUFFICIENT_DATA}
    given_states = dict(zip(("CPU", "Disk"), (names[each] for each in states), strict=True))
    assert AlarmRule.parse(rule).holds(given_states) is holds


@given(STATE_SETS)
def test_rules_obey_the_laws_of_logic(states: dict[str, AlarmState]) -> None:
    left = AlarmRule.parse("NOT (ALARM(a) OR OK(b) AND ALARM(c))")
    right = AlarmRule.parse("NOT ALARM(a) AND (NOT OK(b) OR NOT ALARM(c))")
    assert left.holds(states) == right.holds(states)
    assert left.children == {"a", "b", "c"}


@pytest.mark.parametrize(
    "rule", ["", "ALARM()", "ALARM(a) ALARM(b)", "AND ALARM(a)", "(ALARM(a)", "AT_LEAST(1, ALARM)"]
)
def test_a_rule_that_cannot_be_read_is_refused_with_its_position(rule: str) -> None:
    with pytest.raises(AlarmEvaluationError, match="expected .* at character"):
        AlarmRule.parse(rule)


def told(suppressor: str, fault: str, *, wait: int = 2, extension: int = 2) -> list[tuple[int, str]]:
    """Return the minutes at which a composite alarm tells of its state, for the states of two alarms (X is ALARM)."""
    single = {**PROPERTIES, "EvaluationPeriods": 1}
    alarms = {name: MetricAlarm.from_properties({**single, "MetricName": name}) for name in ("fault", "deployment")}
    composite = CompositeAlarm(
        rule=AlarmRule.parse("ALARM(fault)"),
        suppressor="deployment",
        wait_period_seconds=wait * 60,
        extension_period_seconds=extension * 60,
        has_actions=True,
    )
    samples = {
        Metric("N", name): [Sample(60 * index + 30, 9.0 if each == "X" else 0.0) for index, each in enumerate(states)]
        for name, states in (("fault", fault), ("deployment", suppressor))
    }
    found = evaluate(
        {"page": composite, **alarms}, MetricHistory(samples), begin_seconds=60, end_seconds=60 * len(fault)
    )
    return [(change.at_seconds // 60, str(change.state)) for change in found["page"].told if change.at_seconds > 180]


@pytest.mark.parametrize(
    ("suppressor", "fault", "expected"),
    [
        # Without its suppressor, an alarm acts when the WaitPeriod is over, and so it does when it clears.
        ("..............", "....XXXX......", [(7, "ALARM"), (11, "OK")]),
        # The suppressor goes into ALARM during the WaitPeriod, and both clear: nobody is told.
        (".....XXXX.....", "....XXXX......", []),
        # The fault clears during the ExtensionPeriod.
        ("....XXXX......", ".....XXXX.....", []),
        # The fault stays: it is told when the ExtensionPeriod is over.
        ("....XXXX......", ".....XXXXXXXXX", [(11, "ALARM")]),
        # A fault that is over within the WaitPeriod is not told.
        ("..............", "....X.........", []),
    ],
)
def test_a_suppressor_holds_the_actions_of_a_composite_alarm_back(
    suppressor: str, fault: str, expected: list[tuple[int, str]]
) -> None:
    assert told(suppressor, fault) == expected


@given(st.text("X.", min_size=12, max_size=12), st.text("X.", min_size=12, max_size=12))
def test_while_the_suppressor_is_in_alarm_nothing_is_told(suppressor: str, fault: str) -> None:
    assert all(suppressor[minute - 1] == "." for minute, _ in told(suppressor, fault))


def test_the_alarms_of_a_template_are_named_by_their_logical_ids() -> None:
    composite = {
        "AlarmRule": {"Fn::Join": ["", ['(ALARM("', {"Fn::GetAtt": ["Load", "Arn"]}, '") OR ALARM("named"))']]},
        "ActionsSuppressor": "named",
        "AlarmActions": [{"Ref": "Topic"}],
    }
    resources = {
        "Load": {"Type": "AWS::CloudWatch::Alarm", "Properties": PROPERTIES},
        "Other": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {**PROPERTIES, "AlarmName": "named", "Dimensions": [{"Name": "Rule", "Value": {"Ref": "R"}}]},
        },
        "Page": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": composite},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
    alarms = alarms_of({"Resources": resources})
    page, other = alarms["Page"], alarms["Other"]
    assert isinstance(page, CompositeAlarm)
    assert isinstance(other, MetricAlarm)
    assert page.children() == {"Load", "Other"}
    assert page.has_actions
    assert other.metrics["m1"].metric.dimensions == {("Rule", "R")}


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"a": "ALARM(b)"}, "depends on 'b', which is not among the alarms"),
        ({"a": "ALARM(b)", "b": "OK(a)"}, "composite alarms depend on each other"),
    ],
)
def test_composite_alarms_without_their_children_or_in_a_circle_are_refused(
    rules: dict[str, str], problem: str
) -> None:
    alarms = {name: CompositeAlarm(rule=AlarmRule.parse(rule)) for name, rule in rules.items()}
    with pytest.raises(AlarmEvaluationError, match=problem):
        evaluate(alarms, MetricHistory({}), begin_seconds=60, end_seconds=60)
