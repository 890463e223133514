"""Reader of a cloud assembly, the folder that ``cdk synth`` writes."""

from __future__ import annotations

import json
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.review.templates import Template, Templates, as_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANY_ACCOUNT: Final = "111122223333"
"""Placeholder for the account of a stack that is synthesized for any account."""
ANY_REGION: Final = "us-east-1"
"""Placeholder for the Region of a stack that is synthesized for any Region."""

_ANYWHERE: Final = "aws://unknown-account/unknown-region"
_STACK: Final = "aws:cloudformation:stack"
_STAGE: Final = "cdk:cloud-assembly"
_AGAIN: Final = "run `npx cdk synth` again"


@dataclass(frozen=True, kw_only=True)
class SynthesizedStack:
    """A stack of an assembly.

    Parameters
    ----------
    stage
        The id of its Stage, empty outside of one.
    name
        The name in CloudFormation.
    account, region
        The target of its deployment; placeholders if it was synthesized for any account or Region.
    template
        Its template.
    cloudformation_role_arn
        The role that CloudFormation deploys it with, None if the synthesizer names none.
    is_for_anywhere
        True if account or Region is a placeholder.
    depends_on
        Names of the stacks of its Stage that the CDK deploys before it.
    """

    stage: str
    name: str
    account: str
    region: str
    template: Template
    cloudformation_role_arn: str | None
    is_for_anywhere: bool = False
    depends_on: tuple[str, ...] = ()


def read_assembly(folder: Path, *, environment: str | None = None) -> tuple[SynthesizedStack, ...]:
    """Return the stacks of an assembly, in the order of their Stages. Default: of all environments.

    An environment's Stage is found by its name, without regard to capitals and dashes: ``prod`` is the Stage ``Prod``.
    Raises PenstockError for a folder without an assembly, and for an environment that it does not hold.
    """
    stacks = tuple(_stacks(folder, "", ()))
    if environment is None:
        return stacks
    chosen = tuple(stack for stack in stacks if stack.stage and _normalized(stack.stage) == _normalized(environment))
    if not chosen:
        stages = _stages(stacks)
        known = f"it has {', '.join(stages)}" if stages else "it has no Stages, leave the environment out"
        raise PenstockError(f"there is no environment {environment!r} in the assembly {folder}: {known}")
    return chosen


def read_environment(folder: Path, environment: str | None) -> Templates:
    """Return the templates of one environment; of an app without Stages, those of all its stacks.

    Raises PenstockError as read_assembly does, and if there are Stages and no environment is named.
    """
    stacks = read_assembly(folder, environment=environment)
    if environment is None and (stages := _stages(stacks)):
        raise PenstockError(
            f"the assembly {folder} has the environments {', '.join(stages)}: choose one with --environment"
        )
    return Templates(tuple(stack.template for stack in stacks))


def _stages(stacks: tuple[SynthesizedStack, ...]) -> list[str]:
    return list(dict.fromkeys(stack.stage for stack in stacks if stack.stage))


def _normalized(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _stacks(folder: Path, stage: str, outer: tuple[Path, ...]) -> Iterator[SynthesizedStack]:
    path = folder / "manifest.json"
    if folder.resolve() in outer:
        raise PenstockError(f"{path} is the manifest of a Stage and of one around it: {_AGAIN}")
    artifacts = _mapping(_read_manifest(folder), "artifacts", path)
    names = {
        artifact_id: _text(_mapping(artifact, "properties", path), "stackName", artifact_id, path, default=artifact_id)
        for artifact_id, artifact in artifacts.items()
        if _mapping(artifacts, artifact_id, path).get("type") == _STACK
    }
    for artifact_id, artifact in artifacts.items():
        properties = _mapping(artifact, "properties", path)
        kind = artifact.get("type")
        if kind == _STAGE:
            name = _text(properties, "displayName", artifact_id, path, default=artifact_id)
            inner = folder / _text(properties, "directoryName", artifact_id, path)
            yield from _stacks(inner, name, (*outer, folder.resolve()))
        elif kind == _STACK:
            where = _text(artifact, "environment", artifact_id, path, default=_ANYWHERE)
            account, _, region = where.removeprefix("aws://").partition("/")
            role_arn = _text(properties, "cloudFormationExecutionRoleArn", artifact_id, path, default="")
            yield SynthesizedStack(
                stage=stage,
                name=names[artifact_id],
                account=ANY_ACCOUNT if account == "unknown-account" else account,
                region=ANY_REGION if region == "unknown-region" else region,
                template=_read_template(folder / _text(properties, "templateFile", artifact_id, path)),
                cloudformation_role_arn=role_arn or None,
                is_for_anywhere=account == "unknown-account" or region == "unknown-region",
                depends_on=tuple(
                    names[each]
                    for each in as_list(artifact.get("dependencies"))
                    if isinstance(each, str) and each in names
                ),
            )


def _mapping(parent: Any, name: str, path: Path) -> dict[str, Any]:
    value = parent.get(name, {}) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise PenstockError(
            f"{path} is not a manifest of a cloud assembly ({name!r} is missing or not an object): {_AGAIN}"
        )
    return value


def _text(properties: dict[str, Any], name: str, artifact_id: str, path: Path, *, default: str | None = None) -> str:
    value = properties.get(name, default)
    if not isinstance(value, str):
        wrong = f"names no {name}" if value is None else f"has {reprlib.repr(value)} as {name}"
        raise PenstockError(f"{path} {wrong} of {artifact_id}, expected text: {_AGAIN}")
    return value


def _read_manifest(folder: Path) -> Any:
    try:
        return _read_json(folder / "manifest.json")
    except FileNotFoundError as error:
        raise PenstockError(
            f"there is no cloud assembly in {folder}: run `npx cdk synth`, or name its folder with --assembly"
        ) from error
    except NotADirectoryError as error:
        raise PenstockError(f"expected the folder that cdk synth wrote, got the file {folder}") from error


def _read_template(path: Path) -> Template:
    try:
        body = _read_json(path)
    except OSError as error:
        raise PenstockError(f"the template {path} cannot be read ({error.strerror}): {_AGAIN}") from error
    if not isinstance(body, dict) or not isinstance(body.get("Resources", {}), dict):
        raise PenstockError(f"{path} is not a CloudFormation template: {_AGAIN}")
    return Template.read(str(path))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise PenstockError(f"{path} is not JSON ({error}): {_AGAIN}") from error
