"""Reads and validates the TOML files of all environments."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.texts import decode_text
from stacks.environment import Environment
from stacks.environment.errors import explain
from stacks.environment.locked_values import check_lock

if TYPE_CHECKING:
    from pathlib import Path

# CloudFormation's names begin with a letter, and the CDK's Stages take no others (CDK, Stage).
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class EnvironmentFileError(PenstockError):
    """A file of an environment that holds what it must not, or an environment that does not exist."""


def load_environments(folder: Path, *, only: str | None = None) -> list[Environment]:
    """Return the environments of a folder's TOML files, by name; ``only`` picks one by its file's name, in any case.

    All files are validated, also those that are not asked for, because they must not contradict each other. Raises
    EnvironmentFileError that names file, key, what was got and what is expected, and LockedValueError for a value that
    cannot change while the environment is deployed.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise EnvironmentFileError(f"there is no environment in {folder}: add a file such as dev.toml")
    environments = [_load(path) for path in files]
    _refuse_same_stage(environments)
    _refuse_same_application(environments)
    if only is None:
        return environments
    chosen = [environment for environment in environments if environment.name.lower() == only.lower()]
    if not chosen:
        known = ", ".join(environment.name for environment in environments)
        raise EnvironmentFileError(f"there is no environment {only!r} in {folder}: known are {known}")
    return chosen


def _load(path: Path) -> Environment:
    if not _NAME.fullmatch(path.stem):
        raise EnvironmentFileError(
            f"{path}: the file's name is the environment's and begins the names of its stacks, got {path.stem!r},"
            " expected a letter, then letters, digits, hyphens and underscores: rename it"
        )
    values = _values(path)
    if "name" in values:
        raise EnvironmentFileError(
            f"{path}: name: got {values['name']!r}, expected no such key: the environment is named by its file"
        )
    try:
        environment = Environment.model_validate({**values, "name": path.stem})
    except ValidationError as error:
        lines = [f"{path}: {explain(details)}" for details in error.errors(include_url=False)]
        raise EnvironmentFileError("\n".join(lines)) from error
    check_lock(path, environment)
    return environment


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(decode_text(path.read_bytes(), str(path), EnvironmentFileError))
    except IsADirectoryError as error:
        raise EnvironmentFileError(
            f"{path} is a folder, expected the file of an environment: rename it, or move it elsewhere"
        ) from error
    except OSError as error:
        raise EnvironmentFileError(f"{path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise EnvironmentFileError(f"{path} is not TOML: {error}") from error


def _refuse_same_stage(environments: list[Environment]) -> None:
    seen: dict[str, str] = {}
    for environment in environments:
        if environment.stage_name in seen:
            raise EnvironmentFileError(
                f"{seen[environment.stage_name]}.toml and {environment.name}.toml are both the Stage"
                f" {environment.stage_name}: rename one of them"
            )
        seen[environment.stage_name] = environment.name


def _refuse_same_application(environments: list[Environment]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for environment in environments:
        for application in environment.applications:
            identity = (environment.account, environment.region, application.name)
            if identity in seen:
                raise EnvironmentFileError(
                    f"environments {seen[identity]} and {environment.name} both have the application"
                    f" {application.name!r} in the same account and Region: give one of them another name"
                )
            seen[identity] = environment.name
