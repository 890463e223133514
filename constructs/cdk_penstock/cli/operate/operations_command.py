"""``penstock app operations``: the newest operations of an application, and why some failed."""

from __future__ import annotations

from typing import Annotated

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.aws_session import explain_aws_errors
from cdk_penstock.cli.operate.application_access import open_access
from cdk_penstock.cli.screen import print_json
from cdk_penstock.model.application_overview import operation_fields, shown_operation


def operations_command(
    *,
    application: ApplicationOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The number of operations.")] = 20,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest operations, and why some failed.

    Operations of MSF itself, such as maintenance and autoscaling, are among them.
    """
    with explain_aws_errors():
        access = open_access(application, region, profile, operator_role)
        access.describe()
        control = access.control
        found = sorted(control.operations(), key=lambda each: each.started_at, reverse=True)[:limit]
        reasons = {each.operation_id: control.reason_of(each) for each in found if each.failed}
    if as_json:
        print_json([operation_fields(each, reasons.get(each.operation_id)) for each in found])
        return
    for each in found:
        typer.echo(f"{shown_operation(each)}  {each.operation_id}")
        if each.operation_id in reasons:
            typer.echo("\n".join(f"    {line}" for line in reasons[each.operation_id].splitlines()))
    if not found:
        typer.echo(f"application {application} has no operations yet")
