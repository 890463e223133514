"""Recognition of a change that a later version has undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cdk_penstock.model.deployment import Operation
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Observation, VersionFacts
from cdk_penstock.model.lifecycle.planning.recovery import Attempt
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from tests.model.lifecycle.test_planning_laws import NOW, ago, settings

OLD, NEW = settings("old.zip"), settings("new.zip")


def seen(*history: DescribedSettings, stopped: bool = True) -> Observation:
    """Return an application with these versions, an hour apart, and a stop half an hour after the last but one."""
    versions = tuple(
        VersionFacts(
            version_id=number,
            created_at=ago(len(history) - number),
            settings=each,
            updated_from=number - 1 if number > 1 else None,
        )
        for number, each in enumerate(history, start=1)
    )
    half_past = ago(0.5)
    stop = Operation(
        operation_id="stop",
        name="StopApplication",
        status="SUCCESSFUL",
        started_at=half_past,
        ended_at=half_past + timedelta(minutes=1),
    )
    return Observation(
        status=ApplicationStatus.RUNNING,
        version_id=len(history),
        versions=versions,
        now=NOW,
        operations=(stop,) if stopped else (),
    )


def undone(observation: Observation) -> bool:
    attempt = Attempt.of(observation.versions[-2], observation)
    return attempt is not None and attempt.undone_by is not None


def test_a_change_is_undone_by_the_settings_of_before_after_a_stop() -> None:
    assert undone(seen(OLD, NEW, OLD))
    assert not undone(seen(OLD, NEW, OLD, stopped=False))


@pytest.mark.parametrize("later", [OLD, NEW])
def test_a_version_that_changed_nothing_is_not_undone_by_a_later_one(later: DescribedSettings) -> None:
    # CloudFormation's rollback after MSF's, a restart, and then a deployment that changes what is not compared.
    assert not undone(seen(OLD, OLD, later))
