"""The whole rehearsal of production: every act, the order of the key sequence, and the effect of each removal."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from app import build_app
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.acts.program import FIRST
from cdk_penstock.rehearsal.mutations.dependency_removals import DependencyRemoval, Removal
from cdk_penstock.rehearsal.rehearsal import ACT_NAMES, new_stage, rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from cdk_penstock.rehearsal.result.coverage import Verdict
from cdk_penstock.rehearsal.result.result_json import to_json
from cdk_penstock.rehearsal.result.template_statements import statements_of
from cdk_penstock.rehearsal.timeline import MadeBy
from tests.rehearsal.statement_removal import remove_statement
from tools.rehearsal_mutations import PAGE, page_of, removals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.rehearsal.timeline import DecidedCall

pytestmark = pytest.mark.build

STEPS = 7
APPLICATIONS = ["vehicle-generator-prod", "vehicle-metrics-prod"]
REAL_REMOVALS = {
    "trust of an execution role": "VehicleMetrics/ExecutionRole95aee1bc trust: #1",
    "inline policy": "VehicleMetrics/ExecutionRole95aee1bc inline Application: FindLogStream",
    "managed policy": "VehicleMetrics/OperatorPolicyKey195aee1bc: AllowCreateGrantForRunningState",
    "policy of a handler": "PenstockApplication/IsCompleteFrameworkRole/DefaultPolicy: #2",
    "policy of a waiter": "PenstockApplication/Framework/waiter-state-machine/Role/DefaultPolicy: #1",
    "trust that a function uses": "VehicleMetrics/Operator trust: #2",
    "policy of an operator role": "VehicleMetrics/Operator/BasePolicy: AllowMSFAPICalls",
    "policy of a log's key": "VehicleMetrics/Log/Key95aee1bc key policy: AllowCloudWatchLogsForTheseGroups52637bf5",
}


@pytest.fixture(scope="module")
def options(cdk_context: dict[str, Any], job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> RehearsalOptions:
    folder = str(tmp_path_factory.mktemp("assembly"))
    # The CDK's command line asks for the paths of constructs, by which the page names them.
    context = {**cdk_context, "package": str(job_zip), "env": "prod", "aws:cdk:enable-path-metadata": True}
    app = App(outdir=folder, context=context)
    return RehearsalOptions(assembly=Path(build_app(app).synth().directory), environment="prod")


@pytest.fixture(scope="module")
def result(options: RehearsalOptions) -> RehearsalResult:
    return rehearse(options)


@pytest.fixture(scope="module")
def removals(options: RehearsalOptions, result: RehearsalResult) -> list[DependencyRemoval]:
    return removals_of(options, result)


def shown(call: DecidedCall) -> tuple[object, ...]:
    request = call.request
    return call.at, call.made_by, call.session, request.action, request.resource, call.decision


def what(call: DecidedCall) -> tuple[object, ...]:
    return call.made_by, call.request.action, call.request.resource


def test_every_act_passes(result: RehearsalResult) -> None:
    assert {each.name: each.outcome for each in result.acts} == dict.fromkeys(ACT_NAMES, ActOutcome.PASSED)
    assert (result.refused, result.let_in, result.exit_code()) == ([], [], 0)


def test_the_seven_steps_of_each_key_are_in_order(result: RehearsalResult) -> None:
    sequences = sorted(result.key_sequences, key=lambda each: each.application)
    assert [each.application for each in sequences] == APPLICATIONS
    for sequence in sequences:
        assert sequence.is_in_order
        assert len(sequence.steps) == STEPS
        numbers = [step.shown_by.number for step in sequence.steps if step.shown_by is not None]
        assert len(numbers) == STEPS
        assert numbers == sorted(numbers)


def test_attackers_try_the_key_and_the_operator_role_and_are_refused(result: RehearsalResult) -> None:
    probes = [each for each in result.timeline.calls if each.is_probe]
    assert {"kms:Decrypt", "kms:PutKeyPolicy", "sts:AssumeRole"} <= {each.request.action for each in probes}
    assert not [each for each in probes if each.decision.allowed and each.request.action.startswith("kms:")]


def test_the_result_as_json_can_be_read_again(result: RehearsalResult) -> None:
    read = json.loads(json.dumps(to_json(result, strict=False)))
    assert read["passed"] is True
    assert len(read["timeline"]) == len(result.timeline.entries)
    assert read["coverage"]["findings"] == 0


def test_two_rehearsals_have_the_same_calls_at_the_same_times(
    options: RehearsalOptions, result: RehearsalResult
) -> None:
    acts = ACT_NAMES[: ACT_NAMES.index("loop")]
    again = rehearse(dataclasses.replace(options, acts=acts))
    calls = [shown(each) for each in again.timeline.calls]
    assert calls == [shown(each) for each in result.timeline.calls if each.place.act in acts]


def test_every_removal_is_noticed_or_has_a_reason(
    result: RehearsalResult, removals: Sequence[DependencyRemoval]
) -> None:
    assert [
        each.policy for each in result.coverage.rows if each.verdict is not Verdict.NEEDED and not each.because
    ] == []
    assert [each for each in removals if each.removal is Removal.UNEXPLAINED or not each.text] == []
    assert [each for each in removals if each.removal is Removal.NOTICED] != []


def test_the_page_of_the_removals_is_what_the_plays_show(
    result: RehearsalResult, removals: Sequence[DependencyRemoval]
) -> None:
    assert PAGE.read_text(encoding="utf-8") == page_of(result, removals), "run tools/rehearsal_mutations.py"


@pytest.mark.parametrize("name", REAL_REMOVALS.values(), ids=REAL_REMOVALS)
def test_without_a_statement_the_deployment_stops_at_the_call_that_needs_it(
    name: str, options: RehearsalOptions, result: RehearsalResult
) -> None:
    (row,) = [each for each in result.coverage.rows if f"{each.policy}: {each.statement}" == f"Prod/Processing/{name}"]
    (removed,) = [each for each in statements_of(result.stacks) if each.name == f"Prod/Processing/{name}"]
    predicted = next(each for each in result.timeline.calls if each.number == row.needed_by[0])
    refused_anyway = {what(each) for each in result.timeline.denied}
    with new_stage(options.stacks(), options) as stage:
        remove_statement(stage, removed)
        ended = FIRST.result(stage)
        first = next(each for each in stage.world.timeline.denied if what(each) not in refused_anyway)
    assert what(first) == what(predicted)
    # MSF and CloudWatch Logs do without a log; a rehearsal does not.
    assert ended.outcome is ActOutcome.FAILED or first.made_by is MadeBy.MSF
