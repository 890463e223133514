"""Reads a cloud assembly: the folder that ``cdk synth`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from penstock.model.errors import PenstockError
from penstock.review.findings import Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ("AssemblyError", "SynthesizedStack", "read_assembly")

ANY_ACCOUNT: Final = "111122223333"
"""Stands for the account of a stack that is synthesized for any."""
ANY_REGION: Final = "us-east-1"
"""Stands for the Region of a stack that is synthesized for any."""


class AssemblyError(PenstockError):
    """A folder that is no cloud assembly, or lacks what was asked for."""


@dataclass(frozen=True, kw_only=True)
class SynthesizedStack:
    """A stack of an assembly.

    Parameters
    ----------
    stage
        The id of its Stage, empty outside of one.
    name
        The name that CloudFormation knows it by.
    account, region
        Where it goes; placeholders where it was synthesized for any account or Region.
    template
        Its template.
    cloudformation_role_arn
        The role that CloudFormation deploys it with, None if the synthesizer names none.
    """

    stage: str
    name: str
    account: str
    region: str
    template: Template
    cloudformation_role_arn: str | None


def read_assembly(folder: Path, *, stage: str | None = None) -> tuple[SynthesizedStack, ...]:
    """Return the stacks of an assembly, in the order of their Stages; of one Stage, if it is named.

    Raises AssemblyError for a folder without a manifest, and for a Stage that it does not have.
    """
    stacks = tuple(_stacks(folder, ""))
    if stage is None:
        return stacks
    chosen = tuple(stack for stack in stacks if stack.stage == stage)
    if not chosen:
        known = ", ".join(sorted({stack.stage or "(none)" for stack in stacks})) or "none"
        message = f"{folder} has no stage {stage!r}: known are {known}; synthesize it first"
        raise AssemblyError(message)
    return chosen


def _stacks(folder: Path, stage: str) -> Iterator[SynthesizedStack]:
    for artifact in _manifest(folder).get("artifacts", {}).values():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            name = properties.get("displayName", properties["directoryName"])
            yield from _stacks(folder / properties["directoryName"], name)
        elif artifact["type"] == "aws:cloudformation:stack":
            account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
            yield SynthesizedStack(
                stage=stage,
                name=properties.get("stackName", artifact.get("displayName", "")),
                account=ANY_ACCOUNT if account == "unknown-account" else account,
                region=ANY_REGION if region == "unknown-region" else region,
                template=Template.read(str(folder / properties["templateFile"])),
                cloudformation_role_arn=properties.get("cloudFormationExecutionRoleArn"),
            )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{folder} is no cloud assembly, there is no manifest.json in it: run cdk synth first"
        raise AssemblyError(message) from error
    except ValueError as error:
        message = f"{path} is not JSON: {error}"
        raise AssemblyError(message) from error
    return manifest
