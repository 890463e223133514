"""Arguments of several commands; each is checked before a command does anything else."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Final

import botocore.session
import typer
from botocore.exceptions import UnknownRegionError

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.names import check_application_name

DEFAULT_ASSEMBLY: Final = Path("cdk.out")

_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_APPLICATION_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesisanalytics:[^:]*:[^:]*:application/(.*)")
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_KEY_ID: Final = r"(mrk-)?[0-9a-f-]{32,36}"
_ALIAS: Final = r"alias/[\w/-]+"
_KEY: Final = re.compile(
    rf"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{{12}}:(key/{_KEY_ID}|{_ALIAS})|{_KEY_ID}|{_ALIAS}", re.ASCII
)


def check_writable(path: Path) -> None:
    """Raise BadParameter for a path that cannot be written; create nothing."""
    present = next(each for each in (path, *path.absolute().parents) if each.exists())
    if present != path and not present.is_dir():
        raise typer.BadParameter(f"{str(path)!r} cannot be written: {str(present)!r} is a file.")
    if not os.access(present, os.W_OK):
        raise typer.BadParameter(f"{str(path)!r} cannot be written: you may not write to {str(present)!r}.")


def _assembly(value: Path) -> Path:
    if value.is_file():
        raise typer.BadParameter(f"expected the folder that cdk synth wrote, got the file {value}")
    if value != DEFAULT_ASSEMBLY and not value.exists():
        raise typer.BadParameter(
            f"expected the folder that cdk synth wrote, got {value}, which does not exist: run cdk synth first"
        )
    return value


def _application(value: str) -> str:
    if found := _APPLICATION_ARN.fullmatch(value):
        raise typer.BadParameter(f"expected the application's name, got its ARN: use {found[1]}")
    try:
        return check_application_name(value)
    except PenstockError as error:
        raise typer.BadParameter(str(error)) from error


def _role_arn(value: str | None) -> str | None:
    return _matching(value, _ROLE_ARN, "a role's ARN such as arn:aws:iam::111122223333:role/operator")


def check_account(value: str | None) -> str | None:
    """Return the id of an account, or raise BadParameter if it has another form."""
    return _matching(value, _ACCOUNT, "an account's id, 12 digits")


def check_region(value: str | None) -> str | None:
    """Return a Region, or raise BadParameter for a name that AWS does not know."""
    if value is not None:
        try:
            botocore.session.get_session().get_partition_for_region(value)
        except UnknownRegionError as error:
            raise typer.BadParameter(f"expected a Region such as eu-central-1, got {value!r}") from error
    return value


def _key(value: str | None) -> str | None:
    return _matching(value, _KEY, "a key's ARN or id, or an alias such as alias/flink")


def _matching(value: str | None, pattern: re.Pattern[str], expected: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise typer.BadParameter(f"expected {expected}, got {value!r}")
    return value


AssemblyOption = Annotated[
    Path, typer.Option("--assembly", callback=_assembly, help="The folder that cdk synth wrote.")
]
ApplicationOption = Annotated[str, typer.Option("--application", callback=_application, help="The application's name.")]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", callback=check_region, help="The Region. Default: that of AWS_REGION or of the profile."),
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="A profile of the AWS configuration: the caller of KMS and IAM.")
]
OperatorOption = Annotated[
    str | None,
    typer.Option(
        "--operator-role",
        callback=_role_arn,
        help="ARN of the operator role, which is assumed to call MSF. Default: the caller.",
    ),
]
KEY_OPTION: Final = typer.Option("--key", callback=_key, help="The key's ARN, id or alias.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts, and nothing else.")]
