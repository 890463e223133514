"""``penstock app capture``: a folder of evidence for a ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdk_penstock.cli.arguments import (
    ApplicationOption,
    JsonOption,
    OperatorOption,
    ProfileOption,
    RegionOption,
    check_writable,
)
from cdk_penstock.cli.aws_session import explain_aws_errors, now
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.operate.application_access import open_access
from cdk_penstock.cli.operate.evidence_folder import write_evidence
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.evidence import EvidenceCollector

if TYPE_CHECKING:
    from cdk_penstock.cli.operate.application_access import ApplicationAccess
    from cdk_penstock.model.collected_evidence import Evidence


def _new_folder(value: Path | None) -> Path | None:
    if value is not None:
        if value.exists() or value.is_symlink():
            raise typer.BadParameter(f"expected a new folder, {str(value)!r} exists: nothing is overwritten")
        check_writable(value)
    return value


def capture_command(
    *,
    application: ApplicationOption,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            callback=_new_folder,
            help="The folder to create. Default: capture-APPLICATION-TIME in the current folder.",
        ),
    ] = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save evidence for a ticket in a folder.

    Do this before a rollback or a forced stop, which end the cluster and with it what Flink knows. The folder has
    the application, its versions, operations and snapshots, Flink's view of the job, the last lines of the log, and
    summary.md. Secrets are masked. What cannot be read is named in manifest.json, and is no error.
    """
    progress = ConsoleProgress(new_console(stderr=True))
    try:
        with explain_aws_errors():
            access = open_access(application, region, profile, operator_role)
            folder = output or Path(f"capture-{application}-{now():%Y%m%dT%H%M%SZ}")
            progress.stage(f"collect evidence of {application}")
            collector = EvidenceCollector(access.client, application, logs=access.logs, clock=access.clock)
            evidence = _not_empty(collector.collect(), access)
            write_evidence(evidence, folder)
            progress.done()
    finally:
        progress.stop()
    unread = {each.source: each.reason for each in evidence.unread}
    if as_json:
        print_json({"folder": str(folder), "documents": sorted(evidence.documents), "unread": unread})
        return
    typer.echo(str(folder))
    for source, reason in unread.items():
        typer.echo(f"  not read: {source}: {reason}", err=True)


def _not_empty(evidence: Evidence, access: ApplicationAccess) -> Evidence:
    """Return the evidence; raise the reason if there is nothing at all."""
    if not evidence.documents:
        access.control.describe()
        raise ControlError(f"nothing could be read of {access.name}: {evidence.unread[0].reason}")
    return evidence
