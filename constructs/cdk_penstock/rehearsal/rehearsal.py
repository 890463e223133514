"""A whole rehearsal: the stacks of an assembly, the acts, and the plays that prove the order."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import tempfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.rehearsal.acts.act import Act, ActOutcome, ActResult
from cdk_penstock.rehearsal.acts.program import FIRST, PROGRAM
from cdk_penstock.rehearsal.adverse_plays import adverse_plays
from cdk_penstock.rehearsal.engine.stack_tools import StackTools
from cdk_penstock.rehearsal.providers.cloudformation_calls import CloudFormationCalls
from cdk_penstock.rehearsal.providers.custom_resource import CustomResources
from cdk_penstock.rehearsal.providers.provider_registry import ProviderRegistry
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.result.rehearsal_result import result_of
from cdk_penstock.rehearsal.stage import Stage, in_deployment_order
from cdk_penstock.rehearsal.template.resource_types import must_replace
from cdk_penstock.rehearsal.world.msf.flink_jobs import FlinkOfPlay
from cdk_penstock.rehearsal.world.world import World
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_penstock.local.progress import Progress
    from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.review.assembly import SynthesizedStack

ORDER: Final = "order"
_ORDER_TITLE: Final = "Each custom resource with nothing but what the template makes it wait for"
ACT_NAMES: Final = (*(each.name for each in PROGRAM), ORDER)
"""The names of all acts; ``order`` is played in worlds apart."""


def rehearse(options: RehearsalOptions, progress: Progress | None = None) -> RehearsalResult:
    """Play the deployment of an assembly, and return everything that happened.

    Raises RehearsalError for an act that does not exist, and PenstockError for an assembly that cannot be read.
    """
    shown = progress or SilentProgress()
    wanted = options.acts or ACT_NAMES
    if unknown := [each for each in wanted if each not in ACT_NAMES]:
        raise RehearsalError(f"there is no act {', '.join(unknown)}: the acts are {', '.join(ACT_NAMES)}")
    stacks = in_deployment_order(options.stacks())
    with new_stage(stacks, options) as stage:
        acts = _play(stage, [each for each in PROGRAM if each.name in wanted or each is FIRST], shown)
        if ORDER in wanted:
            acts.append(_play_order(stacks, options, shown))
        return result_of(
            stacks,
            stage.world.timeline,
            acts,
            options=options.world,
            not_run=stage.world.functions.not_run,
            unanswered=stage.world.gateway.unanswered.sentences,
            versions=_versions(options),
            assembly_hash=_digest(stacks),
        )


@contextmanager
def new_stage(stacks: Sequence[SynthesizedStack], options: RehearsalOptions) -> Iterator[Stage]:
    """Yield a new world with the stacks before it; everything of it is gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="penstock-rehearsal-") as folder,
        World(Path(folder), options.world, flink=_flink_of(stacks, options)) as world,
    ):
        registry = ProviderRegistry(world, CustomResources(world))
        tools = StackTools(
            world=world,
            provider_of=registry.provider_of,
            before=CloudFormationCalls(world).before,
            must_replace=must_replace,
            parameters=options.parameters,
        )
        yield Stage(tools, stacks, execution_policies=[_policy(each) for each in options.execution_policies])


def _play(stage: Stage, acts: Sequence[Act], progress: Progress) -> list[ActResult]:
    results: list[ActResult] = []
    for act in acts:
        if results and results[0].outcome is not ActOutcome.PASSED:
            results.append(act.ended(ActOutcome.NOT_PLAYED, "the first deployment did not succeed"))
            continue
        progress.stage(act.title)
        results.append(act.result(stage))
    return results


def _play_order(stacks: Sequence[SynthesizedStack], options: RehearsalOptions, progress: Progress) -> ActResult:
    progress.stage(_ORDER_TITLE)
    simulated = dataclasses.replace(options, job_python=None)
    plays = list(adverse_plays(lambda: new_stage(stacks, simulated)))
    failed = [f"{each.name}: {each.problem}" for each in plays if not each.passed]
    if not plays:
        outcome, text = ActOutcome.NOT_PLAYED, "there is no custom resource"
    elif failed:
        outcome, text = ActOutcome.FAILED, "; ".join(failed)
    else:
        outcome, text = ActOutcome.PASSED, f"{len(plays)} custom resources, each had all that it needs"
    return ActResult(name=ORDER, title=_ORDER_TITLE, outcome=outcome, text=text)


def _flink_of(stacks: Sequence[SynthesizedStack], options: RehearsalOptions) -> FlinkOfPlay | None:
    """Return the Flink for the jobs of an assembly, with the servers that stand for its resources."""
    if options.job_python is None:
        return None
    resources = (each for stack in stacks for each in as_mapping(stack.template.body.get("Resources")).values())
    types = {str(as_mapping(each).get("Type")) for each in resources}
    return FlinkOfPlay(
        python=options.job_python,
        kafka=any(each.startswith("AWS::MSK::") for each in types),
        prometheus="AWS::APS::Workspace" in types,
    )


def _policy(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RehearsalError(f"the policy {file} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise RehearsalError(f"{file} is not a policy: expected a JSON object with Statement")
    return document


def _versions(options: RehearsalOptions) -> dict[str, str]:
    flink = {} if options.job_python is None else {"Flink": find_flink(options.job_python).version}
    return {
        **flink,
        "penstock": metadata.version("cdk-penstock"),
        "Python": platform.python_version(),
        "boto3": metadata.version("boto3"),
    }


def _digest(stacks: Sequence[SynthesizedStack]) -> str:
    digest = hashlib.sha256()
    for stack in stacks:
        digest.update(Path(stack.template.path).read_bytes())
    return digest.hexdigest()
