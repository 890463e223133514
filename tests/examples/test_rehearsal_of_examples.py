"""The repository's examples are deployed, updated and deleted in a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kinesis as kinesis

from cdk_penstock.application import ApplicationCode
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.rehearsal import rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from examples.composition import ClickPipeline
from examples.own_job import build_stack as build_own_job
from examples.pipeline import ClickPipeline as ClickPipelineWithSink
from examples.pipeline import SearchableClickPipeline, build_network
from examples.subclassing import ClickCounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.build

PLACE = Environment(account="111122223333", region="eu-central-1")


def subclassing(app: App, code: ApplicationCode) -> None:
    stack = Stack(app, "Clicks", env=PLACE)
    clicks = kinesis.Stream(stack, "Clicks", encryption=kinesis.StreamEncryption.MANAGED)
    ClickCounts(stack, "Counts", clicks=clicks, code=code, application_name="click-counts")


def composition(app: App, code: ApplicationCode) -> None:
    ClickPipeline(Stack(app, "Clicks", env=PLACE), "Pipeline", code=code)


def pipeline(app: App, code: ApplicationCode) -> None:
    stack = Stack(app, "Clicks", env=PLACE)
    ClickPipelineWithSink(stack, "Pipeline", code=code, network=build_network(stack))


def searchable(app: App, code: ApplicationCode) -> None:
    stack = Stack(app, "Clicks", env=PLACE)
    SearchableClickPipeline(stack, "Pipeline", code=code, network=build_network(stack))


def own_job(app: App, code: ApplicationCode) -> None:
    build_own_job(app)


@pytest.mark.parametrize("example", [subclassing, composition, pipeline, searchable, own_job])
def test_an_example_passes_every_act(
    example: Callable[[App, ApplicationCode], None], job_zip: Path, tmp_path: Path
) -> None:
    app = App(outdir=str(tmp_path))
    example(app, ApplicationCode.from_asset(job_zip))
    app.synth()
    result = rehearse(RehearsalOptions(assembly=tmp_path))
    assert [f"{each.name}: {each.text}" for each in result.acts if each.outcome is ActOutcome.FAILED] == []
    assert [f"{each.request.action}: {each.decision.reason}" for each in result.refused] == []
    assert {"deploy", "update", "delete"} <= {each.name for each in result.acts if each.outcome is ActOutcome.PASSED}
    assert [each.policy for each in result.coverage.findings] == []
