"""Reads and validates the TOML files of all environments."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from penstock.model.errors import PenstockError
from stacks.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ("EnvironmentFileError", "load_environments")


class EnvironmentFileError(PenstockError):
    """A file of an environment that holds what it must not, or an environment that does not exist."""


def load_environments(folder: Path, *, only: str | None = None) -> list[Environment]:
    """Return the environments of a folder's TOML files, by name; ``only`` picks one by its file's name.

    All files are validated, also those that are not asked for, because they must not contradict each other. Raises
    EnvironmentFileError that names file, key, what was got and what is expected.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        message = f"there is no environment in {folder}: add a file such as dev.toml"
        raise EnvironmentFileError(message)
    environments = [_load(path) for path in files]
    _refuse_same_stage(environments)
    _refuse_same_application(environments)
    if only is None:
        return environments
    chosen = [environment for environment in environments if environment.name == only]
    if not chosen:
        known = ", ".join(environment.name for environment in environments)
        message = f"there is no environment {only!r} in {folder}: known are {known}"
        raise EnvironmentFileError(message)
    return chosen


def _load(path: Path) -> Environment:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not TOML: {error}"
        raise EnvironmentFileError(message) from error
    if "name" in values:
        message = f"{path}: name: got {values['name']!r}, expected no such key: the environment is named by its file"
        raise EnvironmentFileError(message)
    try:
        return Environment.model_validate({**values, "name": path.stem})
    except ValidationError as error:
        lines = [_explain(path, details) for details in error.errors(include_url=False)]
        raise EnvironmentFileError("\n".join(lines)) from error


def _explain(path: Path, details: ErrorDetails) -> str:
    key = ".".join(str(part) for part in details["loc"])
    where = f"{path}: {key}" if key else f"{path}"
    match details["type"]:
        case "missing":
            return f"{where}: is missing, expected {_expected(details['loc'])}"
        case "extra_forbidden":
            return f"{where}: is no key of an environment (got {details['input']!r}): remove it or mend its name"
        case "value_error":
            return f"{where}: {details['msg'].removeprefix('Value error, ')}"
        case _:
            expected = (
                details["msg"].removeprefix("Input should be ").replace("String should match", "text that matches")
            )
            return f"{where}: got {details['input']!r}, expected {expected}"


def _expected(location: Sequence[int | str]) -> str:
    table = {
        "application": "a table [application]",
        "code": "a table with folder, package or bucket",
        "events": "a table [events] with cluster_name",
        "key_administrators": "a table with roles or permission_sets",
        "metrics": "a table [metrics] with workspace_name",
    }
    return table.get(str(location[-1]), "a value")


def _refuse_same_stage(environments: list[Environment]) -> None:
    seen: dict[str, str] = {}
    for environment in environments:
        if environment.stage_name in seen:
            message = (
                f"{seen[environment.stage_name]}.toml and {environment.name}.toml are both the Stage"
                f" {environment.stage_name}: rename one of them"
            )
            raise EnvironmentFileError(message)
        seen[environment.stage_name] = environment.name


def _refuse_same_application(environments: list[Environment]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for environment in environments:
        for application in environment.applications:
            identity = (environment.account, environment.region, application.name)
            if identity in seen:
                message = (
                    f"environments {seen[identity]} and {environment.name} both have the application"
                    f" {application.name!r} in the same account and Region: give each a name of its own"
                )
                raise EnvironmentFileError(message)
            seen[identity] = environment.name
