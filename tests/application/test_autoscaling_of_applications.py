from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.model.sizing import SizingError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


@pytest.fixture(scope="module")
def code(job_zip: Path) -> ApplicationCode:
    return ApplicationCode.from_asset(job_zip)


def application_in(stack: Stack, code: ApplicationCode, **props: Any) -> FlinkApplication:
    return FlinkApplication(stack, "App", code=code, application_name="clicks", **props)


def only(stack: Stack, kind: str) -> dict[str, Any]:
    (resource,) = Template.from_stack(stack).find_resources(kind).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


@pytest.mark.parametrize(
    ("props", "above", "says"),
    [
        ({"parallelism": 4}, 5, "more KPUs than the 5 of its template"),
        (
            {"parallelism": 9, "parallelism_per_kpu": 4, "max_parallelism": 36},
            4,
            "more KPUs than the 4 of its template",
        ),
        ({"parallelism": 4, "auto_scaling_enabled": True}, 64, "the 65 KPUs where its autoscaling ends"),
        (
            {"parallelism": 4, "auto_scaling_enabled": True, "max_kpus": 16, "max_parallelism": 20},
            16,
            "the 17 KPUs where its autoscaling ends",
        ),
    ],
)
def test_the_alarm_knows_how_many_kpus_are_expected(
    stack: Stack, code: ApplicationCode, props: dict[str, Any], above: int, says: str
) -> None:
    application_in(stack, code, **props).add_kpu_alarm()
    alarm = only(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == ("KPUs", "Maximum", 3600)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", above)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert says in alarm["AlarmDescription"]


def test_the_alarm_expects_what_a_schedule_or_lag_scales_to(stack: Stack, code: ApplicationCode) -> None:
    application = application_in(stack, code, parallelism=4, parallelism_per_kpu=2)
    with pytest.raises(SizingError, match="needs 80 KPUs"):
        application.add_kpu_alarm("TooMany", largest_parallelism=160)
    application.add_kpu_alarm(largest_parallelism=16)
    alarm = only(stack, "AWS::CloudWatch::Alarm")
    assert alarm["Threshold"] == 9
    assert "more KPUs than the 9 of parallelism 16, the largest that it is scaled to" in alarm["AlarmDescription"]


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"auto_scaling_enabled": True, "max_kpus": 8}, "could reach 64 KPUs, got max_kpus 8"),
        ({"auto_scaling_enabled": True, "max_kpus": 8, "max_parallelism": 16}, "could reach 16 KPUs, got max_kpus 8"),
        ({"parallelism": 4, "max_parallelism": 6}, "must be a multiple of the parallelism 4, got 6"),
    ],
)
def test_a_limit_that_nothing_holds_is_refused(
    stack: Stack, code: ApplicationCode, props: dict[str, Any], message: str
) -> None:
    with pytest.raises(SizingError, match=message):
        application_in(stack, code, **props)


def test_a_limit_without_autoscaling_is_that_of_the_template(stack: Stack, code: ApplicationCode) -> None:
    application_in(stack, code, parallelism=8, max_kpus=8)
    flink = only(stack, "AWS::KinesisAnalyticsV2::Application")["ApplicationConfiguration"]
    parallelism = flink["FlinkApplicationConfiguration"]["ParallelismConfiguration"]
    assert (parallelism["Parallelism"], parallelism["AutoScalingEnabled"]) == (8, False)
