"""``penstock app versions``: the versions of an application, the settings of one, or the differences of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.operate.application_access import open_access, show_pairs
from cdk_penstock.cli.screen import print_json
from cdk_penstock.model.version_differences import differences, shown_settings

if TYPE_CHECKING:
    from cdk_penstock.control.application_versions import ApplicationVersions
    from cdk_penstock.model.version_history import VersionRecord

_MOST_COMPARED = 2


def _numbers(values: list[int] | None) -> list[int]:
    found = values or []
    if len(found) > _MOST_COMPARED:
        raise typer.BadParameter(f"expected no version, one, or two to compare, got {len(found)}")
    return found


def versions_command(
    *,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="VERSION",
            min=1,
            callback=_numbers,
            help="One version to show its settings, two to show what the second has differently. Default: list all.",
        ),
    ] = None,
    application: ApplicationOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="The number of versions in the list.")] = 10,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List versions, show the settings of one, or compare two.

    The list has the newest versions, with what made each and what it changed. Values of property groups that look
    like secrets are masked.
    """
    with explain_aws_errors():
        versions = open_access(application, region, profile, operator_role).versions
        match numbers or []:
            case [one]:
                _show_settings(versions.describe(one), as_json=as_json)
            case [before, after]:
                _show_differences(versions, before, after, as_json=as_json)
            case _:
                _show_history(versions.history(limit), as_json=as_json)


def _show_settings(detail: dict[str, Any], *, as_json: bool) -> None:
    settings = shown_settings(detail)
    if as_json:
        print_json(settings)
    else:
        show_pairs(settings.items())


def _show_differences(versions: ApplicationVersions, before: int, after: int, *, as_json: bool) -> None:
    found = differences(versions.describe(before), versions.describe(after))
    if as_json:
        print_json([{"setting": each.setting, "before": each.before, "after": each.after} for each in found])
        return
    if not found:
        typer.echo(f"versions {before} and {after} have the same settings")
    for each in found:
        typer.echo(f"{each.setting}\n  {before:>5}  {each.before}\n  {after:>5}  {each.after}")


def _show_history(records: list[VersionRecord], *, as_json: bool) -> None:
    if as_json:
        print_json([_fields(each) for each in records])
        return
    for each in records:
        created = f"{each.created_at:%Y-%m-%d %H:%M:%SZ}" if each.created_at else "unknown time"
        typer.echo(f"{each.version_id:>5}  {created}  {each.status}  {each.made_by}")
        for difference in each.changed:
            typer.echo(f"       {difference}")


def _fields(record: VersionRecord) -> dict[str, Any]:
    return {
        "versionId": record.version_id,
        "status": record.status,
        "createdAt": record.created_at.isoformat() if record.created_at else None,
        "madeBy": record.made_by,
        "operationId": record.change.operation_id if record.change else None,
        "changed": [{"setting": each.setting, "before": each.before, "after": each.after} for each in record.changed],
    }
