"""``penstock review --execution-policy``: the policies of CloudFormation's role, as files that IAM takes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cdk_penstock.cli.arguments import check_account, check_region, check_writable
from cdk_penstock.cli.screen import new_console
from cdk_penstock.model.policies.managed_policies import MANAGED_POLICY_MAX_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.execution import ExecutionPolicies

_IF_UNKNOWN: Final = "needed if the stacks do not name it."


def _folder(value: Path | None) -> Path | None:
    if value is not None:
        if value.is_file():
            raise typer.BadParameter(f"expected a folder to write policies into, got the file {value}")
        check_writable(value)
    return value


ExecutionPolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--execution-policy",
        metavar="FOLDER",
        callback=_folder,
        help="Write the policies of CloudFormation's role into this folder, for `cdk bootstrap"
        " --cloudformation-execution-policies`.",
    ),
]
AccountOption = Annotated[
    str | None, typer.Option("--account", callback=check_account, help=f"With --execution-policy: {_IF_UNKNOWN}")
]
TargetRegionOption = Annotated[
    str | None, typer.Option("--region", callback=check_region, help=f"With --execution-policy: {_IF_UNKNOWN}")
]


@dataclass(frozen=True, kw_only=True)
class WrittenPolicy:
    """A policy in a file.

    Parameters
    ----------
    file
        The path. Without ``.json``, its name can be the policy's name.
    characters
        Its size, as IAM counts it.
    stacks
        The stacks that need it and the other policies of its account and Region.
    """

    file: Path
    characters: int
    stacks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the fields for scripts."""
        return {**dataclasses.asdict(self), "file": str(self.file)}


def with_target(stacks: Sequence[SynthesizedStack], account: str | None, region: str | None) -> list[SynthesizedStack]:
    """Return the stacks; those without account and Region get the named ones."""
    if account is None or region is None:
        return list(stacks)
    return [
        dataclasses.replace(stack, account=account, region=region, is_for_anywhere=False)
        if stack.is_for_anywhere
        else stack
        for stack in stacks
    ]


def write_policies(policies: Iterable[ExecutionPolicies], folder: Path) -> tuple[WrittenPolicy, ...]:
    """Write each document into a file; delete the files of an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for each in policies:
        for stale in folder.glob(f"{each.name}-*.json"):
            stale.unlink()
        for number, document in enumerate(each.documents, start=1):
            content = json.dumps(document.to_json(), separators=(",", ":"))
            file = folder / f"{each.name}-{number}.json"
            file.write_text(json.dumps(document.to_json(), indent=2) + "\n", encoding="utf-8")
            written.append(WrittenPolicy(file=file, characters=len(content), stacks=each.stacks))
    return tuple(written)


def show_policies(written: Iterable[WrittenPolicy]) -> None:
    """Show the path and the size of each policy."""
    console = new_console()
    for each in written:
        size = f"{each.characters:,} of {MANAGED_POLICY_MAX_CHARACTERS:,} characters"
        console.print(f"wrote {each.file}: {size}", soft_wrap=True)
