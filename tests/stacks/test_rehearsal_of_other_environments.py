"""Development and staging pass every act of a rehearsal that they give a reason to play."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from app import build_app
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.rehearsal import ACT_NAMES, rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult

pytestmark = pytest.mark.build

ACTS = tuple(each for each in ACT_NAMES if each != "order")
"""The order is proven for production, whose templates have everything of the others."""
WITHOUT_A_KEY = {"triggers", "rotate", "change-key"}
"""The acts of a key and of its audit."""


def rehearsed(environment: str, context: dict[str, Any], folder: Path) -> RehearsalResult:
    app = App(outdir=str(folder), context={**context, "env": environment})
    assembly = Path(build_app(app).synth().directory)
    return rehearse(RehearsalOptions(assembly=assembly, environment=environment, acts=ACTS))


@pytest.mark.parametrize(("environment", "not_played"), [("dev", WITHOUT_A_KEY), ("staging", set())])
def test_an_environment_passes_the_acts(
    environment: str, not_played: set[str], cdk_context: dict[str, Any], job_zip: Path, tmp_path: Path
) -> None:
    result = rehearsed(environment, {**cdk_context, "package": str(job_zip)}, tmp_path)
    assert {each.name for each in result.acts if each.outcome is ActOutcome.NOT_PLAYED} == not_played
    assert [f"{each.name}: {each.text}" for each in result.acts if each.outcome is ActOutcome.FAILED] == []
    assert [each.name for each in result.acts] == list(ACTS)
    assert [each.policy for each in result.coverage.findings] == []
    assert (result.refused, result.exit_code()) == ([], 0)
