"""A rehearsal whose jobs run on Flink: deployed, and brought back to the version before when new code fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Duration, Stack

from cdk_penstock.encryption import OperatorRole, PermissionSetPrincipal
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.rehearsal import rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from cdk_penstock.rehearsal.timeline import MadeBy
from examples.own_job import PageCounts

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult

pytestmark = pytest.mark.pipeline


def build_fast_stack(app: App) -> None:
    """Make the application and its start, which looks at the job for seconds and not for minutes."""
    stack = Stack(app, "Pages")
    application = PageCounts(
        stack, "Counts", application_name="page-counts", checkpoint_interval=Duration.seconds(5),
        min_pause_between_checkpoints=Duration.seconds(1),
    )  # fmt: skip
    operator = OperatorRole(
        stack, "Operator", application=application, execution_role_arn=application.execution_role.role_arn,
        operators=[PermissionSetPrincipal(stack, "FlinkOperator")],
    )  # fmt: skip
    VerifiedStart(stack, "Start", application=application, operator=operator, stable_for=Duration.seconds(3))


@pytest.fixture(scope="module")
def played(job_python: Path, tmp_path_factory: pytest.TempPathFactory) -> RehearsalResult:
    folder = tmp_path_factory.mktemp("assembly")
    app = App(outdir=str(folder))
    build_fast_stack(app)
    app.synth()
    return rehearse(RehearsalOptions(assembly=folder, acts=("deploy", "loop", "delete"), job_python=job_python))


def test_every_act_passes(played: RehearsalResult) -> None:
    assert [f"{each.name}: {each.text}" for each in played.acts if each.outcome is not ActOutcome.PASSED] == []
    assert played.exit_code() == 0


def test_the_job_was_verified_by_what_flink_says_and_its_loop_was_undone(played: RehearsalResult) -> None:
    deployed, looped, _ = played.acts
    assert "page-counts is RUNNING" in deployed.text
    assert "failed" in looped.text
    rolled_back = [each for each in played.timeline.calls if each.request.action.endswith(":RollbackApplication")]
    assert [each.made_by for each in rolled_back] == [MadeBy.FUNCTION]


def test_the_result_says_which_flink_ran(played: RehearsalResult) -> None:
    assert played.versions["Flink"].startswith("1.20.")
