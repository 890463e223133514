"""MSF's behaviours: scaling and maintenance by MSF itself. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

ROLLBACK: dict[str, Any] = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True}}
WIDE: dict[str, Any] = {"ParallelismConfiguration": {"ConfigurationType": "CUSTOM", "Parallelism": 2}}


def autoscale(local: InProcess, *, up: bool = True) -> None:
    """Let MSF scale the application."""
    arn = local.describe()["ApplicationARN"]
    local.service.commit(scale(local.service.situation(arn), up=up))


def current_parallelism(local: InProcess) -> int:
    """Return the parallelism that is described, and that the job has."""
    flink = local.describe()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    current: int = flink["ParallelismConfigurationDescription"]["CurrentParallelism"]
    assert local.job().launch.parallelism == current
    return current


@pytest.mark.source("D")
def test_scaling_doubles_and_halves_the_parallelism_and_keeps_version_and_state(local: InProcess) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE)
    local.driver.process(local.uid(), 100)
    seen = []
    for up in (True, True, False, False):
        autoscale(local, up=up)
        assert local.describe()["ApplicationStatus"] == "AUTOSCALING"
        local.settle()
        seen.append(current_parallelism(local))
    assert seen == [4, 8, 4, 2]
    assert (local.describe()["ApplicationVersionId"], local.job().records) == (1, 100)
    with pytest.raises(RefusedCallError):
        autoscale(local, up=False)


@pytest.mark.source("D")
@pytest.mark.parametrize("by_hand", [False, True], ids=["by MSF", "by a call"])
def test_a_scaling_that_is_rolled_back_keeps_version_and_parallelism(local: InProcess, *, by_hand: bool) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE, **ROLLBACK)
    local.update(**properties(a="1"))
    local.settle()
    autoscale(local)
    local.settle()
    local.driver.process(local.uid(), 100)
    if by_hand:
        autoscale(local)
        local.roll_back()
    else:
        local.fail_next_launch()
        autoscale(local)
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.describe()["ApplicationVersionId"]) == ("RUNNING", 2)
    assert (current_parallelism(local), local.job().records) == (4, 100)
    assert local.job_properties() == {"job": {"a": "1"}}
    assert local.versions() == {1: "READY", 2: "RUNNING"}


@pytest.mark.source("I")
@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (lambda local: local.update(**properties(a="1")), 4),
        (lambda local: _parallelism(local, 2), 2),
        (lambda local: _parallelism(local, 3), 3),
    ],
    ids=["another block", "the same parallelism", "another parallelism"],
)
def test_an_update_that_names_the_parallelism_ends_what_scaling_made_of_it(
    local: InProcess, update: Callable[[InProcess], None], expected: int
) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE)
    autoscale(local)
    local.settle()
    update(local)
    local.settle()
    assert current_parallelism(local) == expected


def _parallelism(account: MsfAccount, parallelism: int) -> None:
    update = {"ParallelismConfigurationUpdate": {"ParallelismUpdate": parallelism}}
    account.update(FlinkApplicationConfigurationUpdate=update)


@pytest.mark.source("D")
def test_maintenance_restarts_the_application_with_its_state(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.service.commit(maintain(local.service.situation(local.describe()["ApplicationARN"])))
    assert local.describe()["ApplicationStatus"] == "MAINTENANCE"
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 100)
    assert local.describe()["ApplicationVersionId"] == 1
