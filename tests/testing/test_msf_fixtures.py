"""The fixtures of a local MSF, in a project of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

TESTS = """
from cdk_penstock.local.service.faults import Faults


def test_an_application_starts(local_msf, msf_client, msf_application):
    name = msf_application("app", ApplicationDescription="from a fixture")
    msf_client.start_application(ApplicationName=name)
    assert local_msf.wait_until_steady(name).status == "RUNNING"
    detail = msf_client.describe_application(ApplicationName=name)["ApplicationDetail"]
    assert detail["ApplicationDescription"] == "from a fixture"


def test_the_application_of_another_test_is_gone(msf_client):
    assert msf_client.list_applications()["ApplicationSummaries"] == []


def test_a_fault_has_its_effect(local_msf, msf_client, msf_application, msf_faults):
    name = msf_application("app")
    msf_faults(name, Faults(throttled_calls=1))
    answer = msf_client.describe_application(ApplicationName=name)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_faults_are_taken_back(local_msf):
    assert local_msf.msf.faults == {}
"""


def test_another_project_has_applications_and_faults_from_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["cdk_penstock.testing.msf_fixtures"]')
    pytester.makepyfile(TESTS)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q").assert_outcomes(passed=4)
