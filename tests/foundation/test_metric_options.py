from __future__ import annotations

import pytest
from aws_cdk import App, Duration, Stack
from constructs import Construct

from cdk_penstock.foundation.metric_options import MetricOptions, build_metric, with_defaults


@pytest.fixture
def scope() -> Construct:
    return Construct(Stack(App(), "Stack"), "Scope")


def test_dimensions_of_the_caller_are_added_to_those_of_the_construct(scope: Construct) -> None:
    options = with_defaults(
        MetricOptions(dimensions_map={"Topic": "clicks"}), statistic="Maximum", dimensions={"Broker ID": "1"}
    )
    metric = build_metric(scope, "AWS/Kafka", "Lag", dimensions={"Cluster Name": "fleet"}, options=options)
    assert metric.dimensions == {"Cluster Name": "fleet", "Broker ID": "1", "Topic": "clicks"}


def test_options_of_the_caller_come_before_the_defaults(scope: Construct) -> None:
    options = with_defaults(MetricOptions(statistic="Minimum", period=Duration.minutes(1)), statistic="Maximum")
    metric = build_metric(scope, "AWS/Kafka", "Lag", dimensions={"Cluster Name": "fleet"}, options=options)
    assert (metric.statistic, metric.period.to_seconds()) == ("Minimum", 60)
    assert with_defaults(MetricOptions(), statistic="Maximum")["statistic"] == "Maximum"


def test_a_metric_keeps_the_options_that_it_was_given(scope: Construct) -> None:
    given = MetricOptions(dimensions_map={"Topic": "clicks"})
    build_metric(scope, "AWS/Kafka", "Lag", dimensions={"Cluster Name": "fleet"}, options=given)
    assert given == {"dimensions_map": {"Topic": "clicks"}}
